import type { DatasetParts } from '../datasets/ports.ts'
import type { Fleet } from '../fleet/ports.ts'
import type { JobError } from '../jobs/job.ts'
import type { JobParts } from '../jobs/ports.ts'

/** Why a step of a pipeline gets no job. */
export interface StepRejection {
  readonly runId: string
  readonly stepName: string
  readonly project: string
  readonly error: JobError
}

export interface Rejections {
  /** Tells the pipeline that its step cannot be; the same rejection again changes nothing. */
  reject(rejection: StepRejection): Promise<void>
}

export interface CognateParts extends JobParts, DatasetParts {
  readonly fleet: Fleet
  readonly rejections: Rejections
}
