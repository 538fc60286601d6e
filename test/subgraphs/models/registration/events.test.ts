import { expect, it } from 'vitest'
import { handleEvent } from '../../../../subgraphs/models/registration/events.ts'
import { completedJob, modelsInMemory } from '../memory.ts'

const handoffs = { accept: async () => {}, offer: async () => {}, fail: async () => {}, close: async () => {} } as never
const event = (topic: string, key: string, data: object) =>
  ({ id: 'evt_1', topic, key, project: 'default', at: new Date(1000).toISOString(), data }) as never

it('makes no version of a job that is to have none', async () => {
  const memory = modelsInMemory()
  const handle = handleEvent({ ...memory, handoffs })
  await handle(event('job.completed', 'job_1', completedJob({ registers: false })))
  expect(memory.outbox).toEqual([])
  await handle(event('job.completed', 'job_1', completedJob()))
  expect(memory.outbox).toMatchObject([{ topic: 'version.registered', data: { jobId: 'job_1', number: 1 } }])
})

it('makes a version of the trial that a sweep names, and of no other', async () => {
  const memory = modelsInMemory()
  const handle = handleEvent({ ...memory, handoffs })
  await handle(event('job.completed', 'job_1', completedJob({ registers: false })))
  const { registers: _not, ...job } = completedJob({ registers: false })
  const ended = event('sweep.completed', 'sweep_1', { sweepId: 'sweep_1', trial: 1, loss: 3, job })
  await handle(ended)
  await handle(ended)
  expect(memory.outbox).toMatchObject([{ topic: 'version.registered', data: { jobId: job.jobId, number: 1 } }])
})
