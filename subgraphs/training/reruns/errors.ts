import { conflict } from '../../../kernel/errors.ts'
import type { TrainingJob } from '../jobs/job.ts'

export const jobNotFinished = ({ id, status }: TrainingJob) =>
  conflict(`Job ${id} is ${status}: wait for its end, then do it again.`)

export const nothingToRepeat = ({ id, status }: TrainingJob) =>
  conflict(`Job ${id} is ${status} and has made no step: there is nothing to compare a rerun with. Start another job.`)

export const phaseNotRepeatable = ({ id, phase }: TrainingJob) =>
  conflict(`Job ${id} is of the phase ${phase}: only a COGNATE job can be done again.`)
