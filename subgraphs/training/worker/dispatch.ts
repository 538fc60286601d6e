import type { Task } from '../../../kernel/queue/queue.ts'
import type { Claim, Place } from '../attempts/attempt.ts'
import type { WorkerNode } from '../fleet/node.ts'
import type { SchedulingParts } from '../scheduling/ports.ts'
import { claimNext } from '../scheduling/service.ts'
import { type RunParts, runAttempt } from './run.ts'
import type { RunningJobs } from './running-jobs.ts'

/** A machine with room looks so often by itself: for a job whose call went to one that cannot run it. */
const lookMs = 1_000

export interface Dispatch extends AsyncDisposable {
  /** Answers a call of the queue, for as long as there is work: while it runs jobs, others get the calls. */
  answer(task: Task, signal: AbortSignal): Promise<void>
}

/** Gives the room of this machine to the jobs whose turn it is. */
export function startDispatch(
  parts: RunParts & SchedulingParts,
  place: Place,
  node: WorkerNode,
  running: RunningJobs,
): Dispatch {
  const machine = { total: node.total, labels: [...node.labels, ...place.executors.map(name => `executor=${name}`)] }
  let last: Promise<unknown> = Promise.resolve()

  /** One after the other: each counts on the room that the one before has left. */
  const next = (minWaitMs: number): Promise<Claim | null> => {
    const claiming = last.then(async () => {
      const claim = await claimNext(parts, place, machine, running.room(), minWaitMs)
      if (claim) running.begin(claim.job)
      return claim
    })
    last = claiming.catch(() => {})
    return claiming
  }
  const serve = async (signal: AbortSignal, minWaitMs = 0): Promise<void> => {
    while (!signal.aborted) {
      const claim = await next(minWaitMs)
      if (!claim) return
      try {
        await runAttempt(parts, claim, signal)
      } finally {
        running.end(claim.job)
      }
    }
  }

  const closing = new AbortController()
  const serving = new Set<Promise<void>>()
  const timer = setInterval(() => {
    if (running.room().slots < 1) return
    // A job that was queued just now is left to its own call, under whose trace and task it then runs.
    const served = serve(closing.signal, lookMs)
      .catch(error => parts.log.warn({ err: error }, 'looking for jobs failed'))
      .finally(() => serving.delete(served))
    serving.add(served)
  }, lookMs)

  return {
    answer: (_task, signal) => serve(signal),
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      closing.abort()
      await Promise.all(serving)
    },
  }
}
