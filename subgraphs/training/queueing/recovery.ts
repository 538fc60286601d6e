import type { Log } from '../../../kernel/log.ts'
import type { Queue } from '../../../kernel/queue/queue.ts'
import type { Attempts } from '../attempts/ports.ts'
import { recoverLostJobs } from '../attempts/service.ts'
import { enqueueJob } from './events.ts'

const lookMs = 1_000
/** A queued job that nobody has taken for so long is given to the queue again; one that waits there is not doubled. */
const forgottenMs = 10_000

/** Brings back the jobs of dead workers, and those that the queue may have lost. */
export function startRecovery({
  attempts,
  queue,
  log,
}: {
  attempts: Attempts
  queue: Queue
  log: Log
}): AsyncDisposable {
  let offeredAt = 0
  const recover = async () => {
    const lost = await recoverLostJobs({ attempts, now: () => new Date() })
    if (lost.length > 0) log.warn({ jobIds: lost.map(({ id }) => id) }, 'jobs have lost their worker')
    if (Date.now() - offeredAt < forgottenMs) return
    offeredAt = Date.now()
    for (const job of await attempts.queuedFor(forgottenMs)) await enqueueJob(queue, job)
  }

  let recovering: Promise<void> | undefined
  const timer = setInterval(() => {
    recovering ??= recover()
      .catch(error => log.warn({ err: error }, 'looking for lost jobs failed'))
      .finally(() => {
        recovering = undefined
      })
  }, lookMs)
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      await recovering
    },
  }
}
