import { fleetId } from '../../../schema/values.ts'
import { type HealthStatus, silenceSeconds, worst } from '../heartbeat.ts'
import { type JobCount, overallProgress } from '../jobs/progress.ts'
import { instanceStatus, type ServiceInstance } from '../services/instance.ts'
import { type FleetNode, isShortOfMemory, nodeStatus } from './node.ts'

/** Everything that the state of the fleet is computed from, read at one moment. */
export interface FleetSnapshot {
  readonly nodes: readonly FleetNode[]
  readonly instances: readonly ServiceInstance[]
  readonly jobs: readonly JobCount[]
  /** The newest speed of each running job. */
  readonly speeds: readonly { readonly nodeId: string | null; readonly tokensPerSecond: number | null }[]
}

export interface FleetHealth {
  readonly id: string
  readonly status: HealthStatus
  readonly reasons: readonly string[]
  readonly at: Date
  readonly nodes: readonly FleetNode[]
  readonly services: Readonly<Record<HealthStatus, number>>
  readonly jobs: readonly JobCount[]
  readonly progress: number | null
  readonly slotsTotal: number
  readonly slotsUsed: number
  readonly tokensPerSecond: number
}

/** The state of everything: DOWN when a service has no process left, DEGRADED when anything is not as it should be. */
export function fleetHealth(snapshot: FleetSnapshot, now: Date): FleetHealth {
  const { nodes, instances, jobs } = snapshot
  const live = nodes.filter(node => nodeStatus(node, now) !== 'DOWN')
  const liveIds = new Set(live.map(node => node.id))
  const problems = [...serviceProblems(instances, now), ...nodeProblems(nodes, now)]
  const counted = (status: HealthStatus) => instances.filter(each => instanceStatus(each, now) === status).length
  return {
    id: fleetId,
    status: worst(problems.map(problem => problem.status)),
    reasons: problems.map(problem => problem.reason),
    at: now,
    nodes,
    services: { HEALTHY: counted('HEALTHY'), DEGRADED: counted('DEGRADED'), DOWN: counted('DOWN') },
    jobs,
    progress: overallProgress(jobs),
    slotsTotal: sum(live.map(node => node.slots)),
    slotsUsed: sum(live.map(node => node.slotsUsed)),
    // What a job said before its node fell silent is no longer so.
    tokensPerSecond: sum(
      snapshot.speeds.map(({ nodeId, tokensPerSecond }) =>
        nodeId && liveIds.has(nodeId) ? (tokensPerSecond ?? 0) : 0,
      ),
    ),
  }
}

interface Problem {
  readonly status: HealthStatus
  readonly reason: string
}

function* serviceProblems(instances: readonly ServiceInstance[], now: Date): Generator<Problem> {
  for (const [service, all] of Map.groupBy(instances, instance => instance.service)) {
    const alone = all.every(instance => instanceStatus(instance, now) === 'DOWN')
    for (const instance of all) {
      const status = instanceStatus(instance, now)
      if (status === 'HEALTHY') continue
      const state = `last reported ${silenceSeconds(instance, now)} s ago, blocked for up to ${Math.round(instance.eventLoopLagMs)} ms`
      yield { status: alone ? 'DOWN' : 'DEGRADED', reason: `${service} (${instance.id}): ${state}.` }
    }
  }
}

function* nodeProblems(nodes: readonly FleetNode[], now: Date): Generator<Problem> {
  if (nodes.length === 0) yield { status: 'DEGRADED', reason: 'No worker reports: queued jobs wait until one starts.' }
  for (const node of nodes) {
    if (nodeStatus(node, now) === 'HEALTHY') continue
    const memory = isShortOfMemory(node) ? ', short of memory' : ''
    yield {
      status: 'DEGRADED',
      reason: `node ${node.name}: last reported ${silenceSeconds(node, now)} s ago${memory}.`,
    }
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
