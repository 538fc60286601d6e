import type { AttemptParts } from '../attempts/ports.ts'
import type { TrainingJob } from '../jobs/job.ts'
import type { Candidate, Machine } from './turn.ts'

export interface Line {
  /** The jobs that a machine could run, whose time has come, in the order of their turns; a hundred at most. */
  suitable(machine: Machine): Promise<readonly Candidate[]>
  /** All that waits, in the same order, whatever it waits for. */
  waiting(limit: number): Promise<readonly Pick<TrainingJob, 'id' | 'project'>[]>
}

export interface SchedulingParts extends AttemptParts {
  readonly line: Line
}
