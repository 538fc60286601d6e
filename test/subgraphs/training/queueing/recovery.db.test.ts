import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Queue, Task } from '../../../../kernel/queue/queue.ts'
import { pauseJob, resumeJob } from '../../../../subgraphs/training/jobs/service.ts'
import { handleQueued } from '../../../../subgraphs/training/queueing/events.ts'
import { startRecovery } from '../../../../subgraphs/training/queueing/recovery.ts'
import { until } from '../../../support/condition.ts'
import { silentLog } from '../../../support/silent-log.ts'
import { identityOf } from '../memory.ts'
import { trainingStores } from '../stores.ts'

let forge: Awaited<ReturnType<typeof trainingStores>>
let tasks: Task[]
let queue: Queue
beforeEach(async () => {
  forge = await trainingStores()
  tasks = []
  queue = { add: async (task: Task) => void tasks.push(task) } as Queue
})
afterEach(() => forge[Symbol.asyncDispose]())

const eventOf = (key: string, topic: string) =>
  ({ id: 'evt_1', topic, key, project: 'default', at: '', data: {}, position: '1' }) as const

describe('the recovery of jobs', () => {
  it('queues again the job of a worker that gives no sign of life', async () => {
    const { job } = await forge.claimed()
    await forge.expire(job.id)
    await using _recovery = startRecovery({ attempts: forge.attempts, queue, log: silentLog })
    await until('the job is queued', async () => (await forge.jobs.find(job.id))!.status === 'QUEUED')
    expect((await forge.topics()).at(-1)).toBe('job.queued')
  })

  it('gives the queue what it may have lost, and leaves the rest to it', async () => {
    const [lost, fresh] = [await forge.addJob(), await forge.addJob()]
    await forge.db.$executeRaw`UPDATE job SET changed_at = now() - interval '1 min' WHERE id = ${lost.id}`
    await using _recovery = startRecovery({ attempts: forge.attempts, queue, log: silentLog })
    await until('the lost one is offered', () => tasks.length > 0)
    expect(tasks.map(({ data }) => data.jobId)).toEqual([lost.id])
    expect(fresh.status).toBe('QUEUED')
  })
})

describe('a queued job', () => {
  it('is one task, and another one after it was paused and resumed', async () => {
    const job = await forge.addJob({ priority: 3 })
    const handle = handleQueued({ ...forge, queue })
    await handle(eventOf(job.id, 'job.queued'))
    await handle(eventOf(job.id, 'job.queued'))
    expect(tasks).toEqual([tasks[0], tasks[0]])
    expect(tasks[0]).toEqual({ id: `${job.id}-0`, data: { jobId: job.id }, delayMs: 0 })

    await pauseJob(forge, identityOf(), job.id)
    await handle(eventOf(job.id, 'job.queued'))
    expect(tasks).toHaveLength(2)
    await resumeJob(forge, identityOf(), job.id)
    await handle(eventOf(job.id, 'job.resumed'))
    expect(tasks[2]!.id).toBe(`${job.id}-2`)
  })
})
