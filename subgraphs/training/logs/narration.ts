import { counted } from '../../../engine/counted.ts'
import type { MetricValue } from '../../../schema/values.ts'
import type { JobEvent, TrainingJob } from '../jobs/job.ts'
import { lineText, type NewLine } from './line.ts'

type Told = Pick<NewLine, 'event' | 'step' | 'text'>
type Data<T extends JobEvent['topic']> = Extract<JobEvent, { topic: T }>['data']
type Teller<T extends JobEvent['topic']> = (data: Data<T>, job: Narrated) => readonly Told[]

export interface Narrated extends Pick<TrainingJob, 'attempts'> {
  /** A worker has it, who lets go of it at its next step. */
  readonly isHeld?: boolean
}

/** What the log of a job says of an event about it. */
const tellers: { readonly [T in JobEvent['topic']]?: Teller<T> } = {
  'job.queued': ({ totalSteps, modelName, phase, isRetry }) => [
    told(
      'queued',
      null,
      isRetry ? 'queued for another try' : `queued: ${phase} of ${modelName}, ${counted(totalSteps, 'step')}`,
    ),
  ],
  'job.started': ({ step, totalSteps, attempt, nodeId, executor }) => [
    told('started', step, `attempt ${attempt} starts at step ${step} of ${totalSteps} on ${nodeId} with ${executor}`),
  ],
  'job.progressed': ({ points }) =>
    points
      .filter(({ name }) => name === 'validation_loss')
      .map(({ step, value }) => told('validated', step, `step ${step}: validation loss ${figure(value)}`)),
  'job.checkpointed': ({ step, digest, sizeBytes }) => [
    told('checkpointed', step, `step ${step}: checkpoint of ${(sizeBytes / 1e6).toFixed(1)} MB, ${digest}`),
  ],
  // Of a job that a worker has there are two: this one as it is asked for, and another when the worker has let go.
  'job.paused': ({ step }, { isHeld }) => [
    isHeld
      ? told('pausing', step, `to be paused, asked for at step ${step}`)
      : told('paused', step, `paused at step ${step}`),
  ],
  'job.resumed': ({ step }) => [told('resumed', step, `to be resumed from step ${step}`)],
  'job.completed': ({ step, metrics }) => [told('completed', step, `completed at step ${step}: ${figures(metrics)}`)],
  'job.failed': ({ step, error }) => [told('failed', step, `failed at step ${step}: ${error.code}: ${error.message}`)],
  'job.cancelled': ({ step }) => [told('cancelled', step, `cancelled at step ${step}`)],
}

/** The lines of an event about a job; none for what the log leaves out. */
export function narrate(job: Narrated, event: JobEvent, at: Date): readonly NewLine[] {
  const tell = tellers[event.topic] as Teller<JobEvent['topic']> | undefined
  return (tell?.(event.data, job) ?? []).map(line => ({ ...line, at, attempt: job.attempts, source: 'FORGE' }))
}

const told = (event: string, step: number | null, text: string): Told => ({ event, step, text: lineText(text) })

const figure = (value: number): string => String(Number(value.toPrecision(6)))

const figures = (metrics: readonly MetricValue[]): string =>
  metrics.map(({ name, value }) => `${name} ${figure(value)}`).join(', ')
