import type { Log } from '../../../kernel/log.ts'
import type { QueueWorker, WorkerOptions } from '../../../kernel/queue/queue.ts'
import type { Claim } from '../attempts/attempt.ts'
import type { Capacity } from '../scheduling/turn.ts'
import type { RunningJobs } from './running-jobs.ts'

/** A machine with room looks so often by itself: for a job whose call went to one that cannot run it. */
const lookMs = 1_000

export interface DispatchParts {
  /** Claims the job whose turn it is, among those that fit into the room and have waited for so long. */
  claim(room: Capacity, minWaitMs: number): Promise<Claim | null>
  /** Runs an attempt to its end, or saves it and gives it back when the signal aborts. */
  run(claim: Claim, signal: AbortSignal): Promise<void>
  /** Begins to take calls from the queue. */
  work(handle: WorkerOptions['handle']): Promise<QueueWorker>
  readonly running: RunningJobs
  readonly log: Log
}

/** Gives the room of this machine to the jobs whose turn it is: at a call of the queue, and when it looks by itself. */
export async function startDispatch(parts: DispatchParts): Promise<AsyncDisposable> {
  const { running } = parts
  let last: Promise<unknown> = Promise.resolve()

  /** One after the other: each counts on the room that the one before has left. */
  const next = (signal: AbortSignal, minWaitMs: number): Promise<Claim | null> => {
    const claiming = last.then(async () => {
      if (signal.aborted) return null
      const claim = await parts.claim(running.room(), minWaitMs)
      if (claim) running.begin(claim.job)
      return claim
    })
    last = claiming.catch(() => {})
    return claiming
  }
  /** For as long as there is work: while it runs jobs, others get the calls. */
  const serve = async (signal: AbortSignal, minWaitMs = 0): Promise<void> => {
    for (;;) {
      const claim = await next(signal, minWaitMs)
      if (!claim) return
      try {
        await parts.run(claim, signal)
      } finally {
        running.end(claim.job)
      }
    }
  }

  const closing = new AbortController()
  const serving = new Set<Promise<void>>()
  const calls = await parts.work((_task, signal) => serve(signal))
  const timer = setInterval(() => {
    if (running.room().slots < 1) return
    // A job that was queued just now is left to its own call, under whose trace and task it then runs.
    const served = serve(closing.signal, lookMs)
      .catch(error => parts.log.warn({ err: error }, 'looking for jobs failed'))
      .finally(() => serving.delete(served))
    serving.add(served)
  }, lookMs)

  return {
    async [Symbol.asyncDispose]() {
      // Both at once: what one gives back, the other must not take again.
      clearInterval(timer)
      closing.abort()
      await Promise.all([calls[Symbol.asyncDispose](), ...serving])
    },
  }
}
