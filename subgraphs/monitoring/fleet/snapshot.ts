import type { PrismaClient } from '../../../prisma/monitoring/generated/client.ts'
import type { JobCount } from '../jobs/progress.ts'
import type { ServiceInstance } from '../services/instance.ts'
import type { FleetSnapshot } from './health.ts'
import type { FleetNode } from './node.ts'

type Stored<T> = { readonly [K in keyof T]: T[K] extends Date ? string : T[K] }

interface Row {
  readonly nodes: readonly Stored<Omit<FleetNode, 'leftAt'>>[]
  readonly instances: readonly Stored<ServiceInstance>[]
  readonly jobs: readonly JobCount[]
  readonly speeds: FleetSnapshot['speeds']
}

/** A subscriber of `fleetHealth` asks for this at every tick, so it is one statement, and with it one moment. */
export async function readSnapshot(db: PrismaClient, project: string): Promise<FleetSnapshot> {
  const [row] = await db.$queryRaw<Row[]>`
    WITH visible AS MATERIALIZED (
      SELECT status, count(*) AS count, sum(step) AS steps, sum(total_steps) AS total_steps
      FROM job_progress WHERE ${project} IN ('*', project) GROUP BY status
    )
    SELECT
      (SELECT coalesce(json_agg(json_build_object(
          'id', id, 'name', name, 'cores', cores, 'memoryBytes', memory_bytes, 'memoryFreeBytes', memory_free_bytes,
          'load', load, 'slots', slots, 'slotsUsed', slots_used, 'executors', executors,
          'everyMs', every_ms, 'lastSeenAt', last_seen_at) ORDER BY name, id), '[]')
        FROM fleet_node WHERE left_at IS NULL) AS nodes,
      (SELECT coalesce(json_agg(json_build_object(
          'id', id, 'service', service, 'url', url, 'version', version, 'startedAt', started_at,
          'lastSeenAt', last_seen_at, 'everyMs', every_ms, 'residentBytes', resident_bytes, 'cpu', cpu,
          'eventLoopLagMs', event_loop_lag_ms) ORDER BY service, started_at), '[]')
        FROM service_instance) AS instances,
      (SELECT coalesce(json_agg(json_build_object(
          'status', status, 'count', count, 'steps', steps, 'totalSteps', total_steps)), '[]')
        FROM visible) AS jobs,
      (SELECT coalesce(json_agg(json_build_object('nodeId', node_id, 'tokensPerSecond', tokens_per_second)), '[]')
        FROM job_progress WHERE status = 'RUNNING' AND ${project} IN ('*', project)) AS speeds`
  const { nodes, instances, jobs, speeds } = row!
  return {
    nodes: nodes.map(node => ({ ...node, lastSeenAt: new Date(node.lastSeenAt), leftAt: null })),
    instances: instances.map(instance => ({
      ...instance,
      startedAt: new Date(instance.startedAt),
      lastSeenAt: new Date(instance.lastSeenAt),
    })),
    jobs,
    speeds,
  }
}
