import DataLoader from 'dataloader'
import type { Identity } from '../../kernel/auth/identity.ts'
import type { FleetNode } from './fleet/node.ts'
import type { FleetParts } from './fleet/ports.ts'
import type { JobParts } from './jobs/ports.ts'

/** What one request reads by key: every key asked for in the same breath is one statement. */
export interface Loaders {
  readonly node: DataLoader<string, FleetNode | null>
  /** Ids of the jobs that run on a node and that the identity may see. */
  readonly jobsOnNode: DataLoader<string, readonly string[]>
  readonly nodeOfJob: DataLoader<string, FleetNode | null>
}

export function monitoringLoaders({ fleet, jobs }: FleetParts & JobParts, { project }: Identity): Loaders {
  const node = new DataLoader<string, FleetNode | null>(async ids => {
    const nodes = new Map((await fleet.byId(ids)).map(node => [node.id, node]))
    return ids.map(id => nodes.get(id) ?? null)
  })
  return {
    node,
    jobsOnNode: new DataLoader(async nodeIds => {
      const running = Map.groupBy(await jobs.runningOn(nodeIds, project), job => job.nodeId)
      return nodeIds.map(id => (running.get(id) ?? []).map(job => job.id))
    }),
    nodeOfJob: new DataLoader(async ids => {
      const nodeIds = new Map((await jobs.byId(ids, project)).map(job => [job.id, job.nodeId]))
      return Promise.all(
        ids.map(id => {
          const nodeId = nodeIds.get(id)
          return nodeId ? node.load(nodeId) : null
        }),
      )
    }),
  }
}
