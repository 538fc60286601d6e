import { scratchDatabase } from '../../support/scratch.ts'
import { queueConformance } from './conformance.ts'

queueConformance('job queues in PostgreSQL', async () => {
  const database = await scratchDatabase()
  return { url: database.url, namespace: 'bullmq', [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() }
})
