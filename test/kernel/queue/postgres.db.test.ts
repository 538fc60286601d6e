import { expect, it } from 'vitest'
import { openQueuesAt } from '../../../kernel/queue/open.ts'
import { asAdmin, scratchDatabase } from '../../support/scratch.ts'
import { silentLog } from '../../support/silent-log.ts'
import { queueConformance } from './conformance.ts'

queueConformance('job queues in PostgreSQL', async () => {
  const database = await scratchDatabase()
  return { url: database.url, namespace: 'bullmq', [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() }
})

it('a worker is refused, and does not spin, when the server takes no more connections', async () => {
  await using database = await scratchDatabase()
  const name = new URL(database.url).pathname.slice(1)
  await asAdmin(`CREATE ROLE "${name}" LOGIN CONNECTION LIMIT 0`)
  try {
    const url = Object.assign(new URL(database.url), { username: name })
    await using queues = await openQueuesAt(url.href, silentLog)
    await expect(queues.work('texts', { concurrency: 1, handle: async () => {} })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      cause: expect.objectContaining({ message: expect.stringContaining('too many connections') }),
    })
  } finally {
    await asAdmin(`DROP ROLE "${name}"`)
  }
})
