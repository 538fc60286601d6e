import type { Log } from '../../../kernel/log.ts'
import { backoff, pause } from '../../../kernel/resilience/pause.ts'
import type { JobStatus } from '../../../schema/values.ts'
import { type Claim, leaseMs } from '../attempts/attempt.ts'
import type { AttemptParts } from '../attempts/ports.ts'
import * as attempts from '../attempts/service.ts'
import type { CognateConfig } from '../recipes/config.ts'
import type { FromTrainer } from '../trainer/protocol.ts'
import { startTrainingProcess } from './process.ts'

/** Between two signs of life; also how long a cancelled job may go on. */
const renewMs = 500
/** A process that was asked to stop has so long for its step and its checkpoint. */
const stopMs = 20_000

export interface RunParts extends AttemptParts {
  readonly blobsFolder: string
  /** For a job that starts now. */
  threads(): number
  readonly log: Log
}

/** Runs one attempt in a process of its own, to its end, or until `signal` wants it saved and given back. */
export async function runAttempt(parts: RunParts, claim: Claim, signal: AbortSignal): Promise<void> {
  const { job, attempt } = claim
  const log = parts.log.child({ jobId: job.id, attempt: attempt.number })
  const child = startTrainingProcess(orderOf(parts, claim), log)
  let step = claim.checkpoints[0]?.step ?? 0
  let isAnswered = false
  let isLost = false
  let stopTimer: NodeJS.Timeout | undefined

  const stop = () => {
    if (stopTimer) return
    child.stop()
    stopTimer = setTimeout(child.kill, stopMs)
  }
  const heed = (status: JobStatus | null) => {
    if (status === 'RUNNING') return
    if (status !== null) return stop()
    isLost = true
    child.kill()
  }
  const renewTimer = setInterval(() => {
    parts.attempts.renew(attempt).then(heed, error => log.warn({ err: error }, 'a lease could not be renewed'))
  }, renewMs)
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()

  /** Writes down what the process says. */
  async function take(message: FromTrainer): Promise<void> {
    switch (message.kind) {
      case 'points':
        step = message.step
        return heed(await attempts.recordPoints(parts, claim, message.step, message.points))
      case 'checkpoint': {
        const { kind: _, ...saved } = message
        return heed(await attempts.recordCheckpoint(parts, claim, saved))
      }
      case 'warning':
        return log.warn(message.message)
      case 'completed':
        return attempts.completeAttempt(parts, claim, message)
      case 'failed':
        return attempts.failAttempt(parts, claim, message.step, message.error)
      case 'stopped':
        return attempts.releaseAttempt(parts, claim, message.step)
    }
  }

  try {
    try {
      for await (const batch of child.messages()) {
        for (const message of joined(batch)) {
          await persistently(() => take(message), log)
          isAnswered ||= ['completed', 'failed', 'stopped'].includes(message.kind)
        }
      }
    } catch (error) {
      // Counted as a crash: what can never be stored must not be tried for ever. With no database at all, the lease
      // ends by itself.
      log.error({ err: error }, 'what a job reported cannot be stored')
      return await attempts.crashAttempt(parts, claim, step, 'what it reported could not be stored')
    }
    if (isAnswered || isLost) return
    if (stopTimer) await attempts.releaseAttempt(parts, claim, step)
    else await attempts.crashAttempt(parts, claim, step, child.ending())
  } finally {
    child.kill()
    clearInterval(renewTimer)
    clearTimeout(stopTimer)
    signal.removeEventListener('abort', stop)
  }
}

const orderOf = ({ blobsFolder, threads }: RunParts, { job, checkpoints, recorded }: Claim) => ({
  kind: 'start' as const,
  jobId: job.id,
  config: job.config as CognateConfig,
  dataset: job.datasetFingerprint,
  executor: job.executor!,
  threads: threads(),
  checkpoints,
  recorded,
  blobs: blobsFolder,
})

/** Points that came while the database was busy become one write. */
function joined(batch: readonly FromTrainer[]): readonly FromTrainer[] {
  const messages: FromTrainer[] = []
  for (const message of batch) {
    const last = messages.at(-1)
    if (last?.kind !== 'points' || message.kind !== 'points') messages.push(message)
    else messages[messages.length - 1] = { ...message, points: [...last.points, ...message.points] }
  }
  return messages
}

/** Tries again while the database is away, for as long as nobody else can have taken the job. */
async function persistently(write: () => Promise<void>, log: Log): Promise<void> {
  const deadline = Date.now() + leaseMs
  for (let failures = 1; ; failures++) {
    try {
      return await write()
    } catch (error) {
      if (Date.now() > deadline) throw error
      log.warn({ err: error, failures }, 'what a job reported could not be stored; trying again')
      await pause(backoff(failures))
    }
  }
}
