import { conflict, invalidInput, notFound } from '../../../kernel/errors.ts'
import { lowestPriority, type TrainingJob } from './job.ts'

export const jobNotFound = (id: string) => notFound(`There is no job "${id}": \`jobs\` lists those you may see.`)

export const jobFinished = ({ id, status }: TrainingJob) =>
  conflict(`Job ${id} is ${status} already, and a finished job stays as it is: start another.`)

export const jobNotPausable = ({ id, status }: TrainingJob) =>
  conflict(`Job ${id} is ${status}: only a job that is QUEUED or RUNNING can be paused.`)

export const jobNotResumable = ({ id, status }: TrainingJob) =>
  conflict(`Job ${id} is ${status}: only a PAUSED job can be resumed.`)

export const jobNotRetryable = ({ id, status }: TrainingJob) =>
  conflict(`Job ${id} is ${status}: only a FAILED job can be tried again.`)

export const badPriority = (priority: number) =>
  invalidInput(`priority is ${priority}: take a whole number from 0, the most urgent, to ${lowestPriority}.`)

export const keyReused = (key: string, { id }: TrainingJob) =>
  conflict(`The idempotency key "${key}" stands for job ${id}, which is another request: use a new key.`)
