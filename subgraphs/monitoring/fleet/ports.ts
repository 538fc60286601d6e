import type { FleetSnapshot } from './health.ts'
import type { FleetNode } from './node.ts'

export interface Fleet {
  /** One consistent reading; of jobs only the project's (`*`: all). */
  read(project: string): Promise<FleetSnapshot>
  /** Also those that have left. */
  byId(ids: readonly string[]): Promise<readonly FleetNode[]>
  save(node: FleetNode): Promise<void>
  markLeft(id: string, at: Date): Promise<void>
}

export interface FleetParts {
  readonly fleet: Fleet
  readonly now: () => Date
}
