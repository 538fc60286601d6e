import { type HealthStatus, type Heartbeat, heartbeatStatus, worst } from '../heartbeat.ts'

/** A machine that trains, as its worker measured it. */
export interface FleetNode extends Heartbeat {
  readonly id: string
  readonly name: string
  readonly cores: number
  readonly memoryBytes: number
  readonly memoryFreeBytes: number
  /** One-minute load average. */
  readonly load: number
  /** Jobs that it runs at once, and how many it runs. */
  readonly slots: number
  readonly slotsUsed: number
  readonly executors: readonly string[]
  /** When its worker said goodbye. */
  readonly leftAt: Date | null
}

/** Below this share of free memory the next job may well not fit. */
const scarceMemory = 0.05

export const isShortOfMemory = ({ memoryBytes, memoryFreeBytes }: FleetNode): boolean =>
  memoryFreeBytes < scarceMemory * memoryBytes

export const nodeStatus = (node: FleetNode, now: Date): HealthStatus =>
  node.leftAt ? 'DOWN' : worst([heartbeatStatus(node, now), isShortOfMemory(node) ? 'DEGRADED' : 'HEALTHY'])
