import type { DatasetParts } from '../datasets/ports.ts'
import type { Fleet } from '../fleet/ports.ts'
import type { JobParts } from '../jobs/ports.ts'
import type { StepRejection } from './step.ts'

export interface Rejections {
  /** Tells the pipeline that its step cannot be; the same rejection again changes nothing. */
  reject(rejection: StepRejection): Promise<void>
}

export interface CognateParts extends JobParts, DatasetParts {
  readonly fleet: Fleet
  readonly rejections: Rejections
}
