import type { Task } from '../../../kernel/queue/queue.ts'
import { pause } from '../../../kernel/resilience/pause.ts'
import type { Place } from '../attempts/attempt.ts'
import { claimJob } from '../attempts/service.ts'
import { type RunParts, runAttempt } from './run.ts'

/** How often a job is looked at again that the attempt before has not let go yet. */
const heldMs = 100

/** Takes a task of the queue: claims its job, and runs it unless somebody else has it or it should not run any more. */
export const workOn =
  (parts: RunParts, place: Place, running: Set<string>) =>
  async ({ data }: Task, signal: AbortSignal): Promise<void> => {
    const jobId = String(data.jobId)
    let claim = await claimJob(parts, jobId, place)
    while (claim === 'HELD' && !signal.aborted) {
      await pause(heldMs, signal)
      claim = await claimJob(parts, jobId, place)
    }
    if (typeof claim === 'string') return

    running.add(jobId)
    try {
      await runAttempt(parts, claim, signal)
    } finally {
      running.delete(jobId)
    }
  }
