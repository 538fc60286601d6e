import type { BlobSettings } from '../../../kernel/blobs/open.ts'
import type { Log } from '../../../kernel/log.ts'
import { correlation, currentTraceparent, labelled } from '../../../kernel/telemetry/correlation.ts'
import type { TracingSettings } from '../../../kernel/telemetry/settings.ts'
import { inSpan, unrecorded } from '../../../kernel/telemetry/spans.ts'
import type { JobStatus } from '../../../schema/values.ts'
import type { Claim } from '../attempts/attempt.ts'
import type { AttemptParts } from '../attempts/ports.ts'
import * as attempts from '../attempts/service.ts'
import type { TrainingJob } from '../jobs/job.ts'
import type { CacheSettings } from '../tokens/cache.ts'
import type { Ending, TrainingMetrics } from './metrics.ts'
import type { Priority } from './priority.ts'
import { startTrainingProcess } from './process.ts'
import { isLastWord, joined, type LastWord, openReports } from './reports.ts'

/** Between two signs of life; also how long a cancelled job may go on. */
const renewMs = 500
/** A process that was asked to stop has so long for its step and its checkpoint. */
const stopMs = 20_000
/** One that has answered has so long to end, until which what it prints belongs to the log. */
const partingMs = 3_000

export interface RunParts extends AttemptParts {
  readonly blobSettings: BlobSettings
  readonly priority: Priority
  /** Where training processes keep tokens. */
  readonly tokens: CacheSettings
  /** For a job that starts now. */
  threads(job: TrainingJob): number
  /** For its part of the trace. */
  readonly tracing?: TracingSettings
  readonly metrics?: TrainingMetrics
  readonly log: Log
}

/** Runs one attempt in a process of its own, to its end, or until `signal` wants it saved and given back. */
export function runAttempt(parts: RunParts, claim: Claim, signal: AbortSignal): Promise<void> {
  const { job, attempt } = claim
  const attributes = { 'forge.job.id': job.id, 'forge.job.attempt': attempt.number }
  return labelled({ jobId: job.id }, () =>
    inSpan(`attempt ${attempt.number}`, { attributes }, () => run(parts, claim, signal)),
  )
}

async function run(parts: RunParts, claim: Claim, signal: AbortSignal): Promise<void> {
  const { job, attempt } = claim
  // What the process prints comes at any time, outside of this trace.
  const log = parts.log.child({ ...correlation(), jobId: job.id, attempt: attempt.number })
  const child = startTrainingProcess(orderOf(parts, claim), parts.priority, log)
  const meter = parts.metrics?.begin(job.id, claim.checkpoints[0]?.step ?? 0, job.totalSteps)
  const reports = openReports(parts, claim, log, meter)
  let ending: Ending = 'crashed'
  let answer: LastWord | undefined
  let isLost = false
  let stopTimer: NodeJS.Timeout | undefined
  let partingTimer: NodeJS.Timeout | undefined

  const stop = () => {
    if (stopTimer) return
    child.stop()
    stopTimer = setTimeout(child.kill, stopMs)
  }
  const heed = (status: JobStatus | null | undefined) => {
    // An attempt that has answered may end in peace.
    if (status === undefined || status === 'RUNNING' || answer) return
    if (status !== null) return stop()
    isLost = true
    ending = 'withdrawn'
    child.kill()
  }
  const renewTimer = setInterval(() => {
    unrecorded(() => parts.attempts.renew(attempt)).then(heed, error =>
      log.warn({ err: error }, 'a lease could not be renewed'),
    )
  }, renewMs)
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()

  try {
    try {
      for await (const batch of child.messages()) {
        for (const said of joined(batch)) {
          if (isLastWord(said)) {
            answer = said
            partingTimer = setTimeout(child.kill, partingMs)
          } else heed(await reports.store(said))
        }
      }
      if (answer) {
        ending = answer.kind === 'paused' ? 'stopped' : answer.kind
        await reports.store(answer)
      }
    } catch (error) {
      // Counted as a crash: what can never be stored must not be tried for ever. With no database at all, the lease
      // ends by itself.
      log.error({ err: error }, 'what a job reported cannot be stored')
      return await attempts.crashAttempt(parts, claim, reports.step, 'what it reported could not be stored')
    }
    if (answer || isLost) return
    if (stopTimer) {
      ending = 'stopped'
      await attempts.releaseAttempt(parts, claim, reports.step)
    } else await attempts.crashAttempt(parts, claim, reports.step, child.ending())
  } finally {
    meter?.end(ending)
    child.kill()
    clearInterval(renewTimer)
    clearTimeout(stopTimer)
    clearTimeout(partingTimer)
    signal.removeEventListener('abort', stop)
  }
}

const orderOf = ({ blobSettings, tokens, threads, tracing }: RunParts, { job, checkpoints, recorded }: Claim) => ({
  kind: 'start' as const,
  jobId: job.id,
  phase: job.phase,
  config: job.config,
  dataset: job.datasetFingerprint,
  executor: job.executor!,
  threads: threads(job),
  checkpoints,
  recorded,
  blobs: blobSettings,
  tokens,
  pauseAt: job.pauseAt,
  tracing,
  traceparent: currentTraceparent(),
})
