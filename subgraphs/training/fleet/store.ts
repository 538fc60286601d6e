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
    async see(id, memoryBytes) {
      const seen = { memoryBytes, seenAt: new Date() }
      await table.upsert({ where: { id }, create: { id, ...seen }, update: seen })
    },
  }
}
