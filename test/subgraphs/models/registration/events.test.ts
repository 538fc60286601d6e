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
