import type { JobModel } from '../../../prisma/training/generated/models/Job.ts'
import type { Preset, StopReason } from '../../../schema/values.ts'
import type { TrainingJob } from './job.ts'

/** A row as the service knows it. */
export function jobOf(row: JobModel): TrainingJob {
  const { errorCode, errorMessage, preset, memoryBytes, ...columns } = row
  const { leaseUntil: _lease, changedAt: _changed, weightsDropped: _dropped, ...job } = columns
  return {
    ...job,
    memoryBytes: Number(memoryBytes),
    preset: preset as Preset | null,
    stopReason: job.stopReason as StopReason | null,
    error: errorCode === null ? null : { code: errorCode, message: errorMessage ?? '' },
  }
}
