import type { PrismaClient } from '../../../prisma/monitoring/generated/client.ts'
import type { Instances } from './ports.ts'

export const instanceStore = ({ serviceInstance }: PrismaClient): Instances => ({
  async list() {
    const rows = await serviceInstance.findMany()
    return rows.map(row => ({ ...row, residentBytes: Number(row.residentBytes) }))
  },
  async save({ id, residentBytes, ...rest }) {
    const data = { ...rest, residentBytes: BigInt(residentBytes) }
    await serviceInstance.upsert({ where: { id }, create: { id, ...data }, update: data })
  },
  async forget(id) {
    await serviceInstance.deleteMany({ where: { id } })
  },
  async forgetSilent(service, before) {
    await serviceInstance.deleteMany({ where: { service, lastSeenAt: { lt: before } } })
  },
})
