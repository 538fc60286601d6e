import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { openQueuesAt } from '../../../kernel/queue/open.ts'
import { pause } from '../../../kernel/resilience/pause.ts'
import { until } from '../../support/condition.ts'
import { asAdmin, scratchDatabase } from '../../support/scratch.ts'
import { silentLog } from '../../support/silent-log.ts'
import { queueConformance } from './conformance.ts'

queueConformance('job queues in PostgreSQL', async () => {
  const database = await scratchDatabase()
  return { url: database.url, namespace: 'bullmq', [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() }
})

/** A role of its own on the test server, dropped at the end: after the databases in which it owns something. */
async function scratchRole() {
  const name = `forge_test_${randomBytes(6).toString('hex')}`
  await asAdmin(`CREATE ROLE ${name} LOGIN`)
  return {
    limit: (connections: number) => asAdmin(`ALTER ROLE ${name} CONNECTION LIMIT ${connections}`),
    cut: () => asAdmin('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [name]),
    /** The address of a database for this role, which may make schemas in it. */
    async urlOf(database: string) {
      const url = Object.assign(new URL(database), { username: name })
      await asAdmin(`GRANT CREATE ON DATABASE ${url.pathname.slice(1)} TO ${name}`)
      return url.href
    },
    [Symbol.asyncDispose]: () => asAdmin(`DROP ROLE ${name}`),
  }
}

it('a worker is refused, and does not spin, when the server takes no more connections', async () => {
  await using role = await scratchRole()
  await using database = await scratchDatabase()
  await role.limit(0)
  await using queues = await openQueuesAt(await role.urlOf(database.url), silentLog)
  await expect(queues.work('texts', { concurrency: 1, handle: async () => {} })).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    cause: expect.objectContaining({ message: expect.stringContaining('too many connections') }),
  })
})

it('a worker that is refused later asks again with pauses, and goes on when it is let in', {
  timeout: 60_000,
}, async () => {
  await using role = await scratchRole()
  await using database = await scratchDatabase()
  let refusals = 0
  const warn = ({ err }: { readonly err?: unknown }) => {
    if (String(err).includes('too many connections')) refusals += 1
  }
  await using queues = await openQueuesAt(await role.urlOf(database.url), { ...silentLog, warn })
  const ran: string[] = []
  const held = Promise.withResolvers<void>()
  await queues.work('texts', {
    concurrency: 1,
    async handle({ id }) {
      ran.push(id)
      if (id === 'held') await held.promise
    },
  })
  await queues.queue('texts').add({ id: 'held', data: {} })
  await until('the first task', () => ran.length === 1)

  await role.limit(0)
  await role.cut()
  // A worker that has just had a task asks for the next one, rather than waiting to be told of it.
  held.resolve()
  await until('a refusal', () => refusals > 0)
  const before = refusals
  await pause(3_000)
  // A few; without a pause there are hundreds.
  expect(refusals - before).toBeLessThan(20)

  await role.limit(-1)
  const added = queues.queue('texts').add({ id: 'next', data: {} })
  await until('the next task', () => ran.includes('next'))
  await added
})
