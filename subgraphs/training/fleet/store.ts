import { totalmem } from 'node:os'
import type { PrismaClient } from '../../../prisma/training/generated/client.ts'
import type { Fleet } from './ports.ts'

/** A machine that has not reported for so long does not count, in milliseconds. */
const forgottenMs = 60_000

export function fleetStore({ workerNode: table }: PrismaClient): Fleet {
  return {
    async largestMemory() {
      const seenAt = { gt: new Date(Date.now() - forgottenMs) }
      const { _max } = await table.aggregate({ where: { seenAt }, _max: { memoryBytes: true } })
      // Before any worker has reported, this machine is the best guess.
      return _max.memoryBytes === null ? totalmem() : Number(_max.memoryBytes)
    },
    async machines() {
      const rows = await table.findMany({ where: { seenAt: { gt: new Date(Date.now() - forgottenMs) } } })
      return rows.map(({ labels, slots, memoryBytes }) => ({
        labels,
        total: { slots, memoryBytes: Number(memoryBytes) },
      }))
    },
    async see(id, { labels, total }) {
      const seen = { ...total, labels: [...labels], seenAt: new Date() }
      await table.upsert({ where: { id }, create: { id, ...seen }, update: seen })
    },
  }
}
