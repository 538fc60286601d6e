import { type HealthStatus, type Heartbeat, heartbeatStatus, worst } from '../heartbeat.ts'

/** A running process of the forge, as it measured itself. */
export interface ServiceInstance extends Heartbeat {
  readonly id: string
  /** `training`, `gateway`, … */
  readonly service: string
  readonly url: string | null
  readonly version: string
  readonly startedAt: Date
  readonly residentBytes: number
  /** Share of one core. */
  readonly cpu: number
  readonly eventLoopLagMs: number
}

/** A process whose event loop stands still for this long answers everybody late. */
const tolerableLagMs = 500

export const instanceStatus = (instance: ServiceInstance, now: Date): HealthStatus =>
  worst([heartbeatStatus(instance, now), instance.eventLoopLagMs > tolerableLagMs ? 'DEGRADED' : 'HEALTHY'])
