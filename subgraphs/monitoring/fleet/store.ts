import type { PrismaClient } from '../../../prisma/monitoring/generated/client.ts'
import type { FleetNodeModel } from '../../../prisma/monitoring/generated/models/FleetNode.ts'
import type { FleetNode } from './node.ts'
import type { Fleet } from './ports.ts'
import { readSnapshot } from './snapshot.ts'

export function fleetStore(db: PrismaClient): Fleet {
  const { fleetNode } = db
  return {
    read: project => readSnapshot(db, project),
    async byId(ids) {
      const rows = await fleetNode.findMany({ where: { id: { in: [...ids] } } })
      return rows.map(toNode)
    },
    async save({ id, ...node }) {
      const data = {
        ...node,
        executors: [...node.executors],
        memoryBytes: BigInt(node.memoryBytes),
        memoryFreeBytes: BigInt(node.memoryFreeBytes),
      }
      await fleetNode.upsert({ where: { id }, create: { id, ...data }, update: data })
    },
    async markLeft(id, at) {
      await fleetNode.updateMany({ where: { id }, data: { leftAt: at } })
    },
  }
}

const toNode = (row: FleetNodeModel): FleetNode => ({
  ...row,
  memoryBytes: Number(row.memoryBytes),
  memoryFreeBytes: Number(row.memoryFreeBytes),
})
