import type { CognateParts } from '../cognate/ports.ts'
import type { TrainingJob } from '../jobs/job.ts'
import type { MetricParts } from '../metrics/ports.ts'

export interface Groups {
  /** The jobs of a group, oldest first; none where there is no such group. Calls of one moment are one statement. */
  members(groupId: string): Promise<readonly TrainingJob[]>
  /** The job that is a job's control, if it has one. */
  controlOf(jobId: string): Promise<TrainingJob | null>
}

export interface GroupParts extends CognateParts, MetricParts {
  readonly groups: Groups
}
