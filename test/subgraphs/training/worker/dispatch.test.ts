import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Claim } from '../../../../subgraphs/training/attempts/attempt.ts'
import { startDispatch } from '../../../../subgraphs/training/worker/dispatch.ts'
import { runningJobs } from '../../../../subgraphs/training/worker/running-jobs.ts'
import { until } from '../../../support/condition.ts'
import { silentLog } from '../../../support/silent-log.ts'
import { newJob } from '../stores.ts'

const call = { id: 'job', data: {} }

/** A dispatch over a line of jobs that wait; a job that is given back waits again. */
async function dispatching(...names: readonly string[]) {
  const waiting = names.map(id => newJob('ds_1', { id, slots: 1, memoryBytes: 1 }))
  const begun: string[] = []
  const calls = new AbortController()
  let answering: Promise<void> | undefined
  const dispatch = await startDispatch({
    async claim({ slots }) {
      const job = slots > 0 ? waiting.shift() : undefined
      if (!job) return null
      begun.push(job.id)
      return { job, attempt: { jobId: job.id, number: 1 }, checkpoints: [], recorded: {} } satisfies Claim
    },
    async run({ job }, signal) {
      if (!signal.aborted) await once(signal, 'abort')
      waiting.push(job)
    },
    async work(handle) {
      answering = handle(call, calls.signal)
      return {
        running: 1,
        async [Symbol.asyncDispose]() {
          calls.abort()
          await answering
          // A queue takes its time to close, in which a worker that still looked would find something.
          await wait(1_500)
        },
      }
    },
    running: runningJobs({ slots: 2, memoryBytes: 10 }),
    log: silentLog,
  })
  return { dispatch, begun, waiting }
}

describe('a worker that closes', () => {
  it('gives back what it runs, by a call or by itself, and takes none of it again', async () => {
    const { dispatch, begun, waiting } = await dispatching('called', 'found')
    await until('both run', () => begun.length === 2)
    await dispatch[Symbol.asyncDispose]()
    expect(begun).toEqual(['called', 'found'])
    expect(waiting.map(({ id }) => id).sort()).toEqual(['called', 'found'])
  })
})
