import { Client } from 'pg'
import { expect, it } from 'vitest'
import { openPostgresBus } from '../../../kernel/bus/postgres.ts'
import { until } from '../../support/condition.ts'
import { asAdmin, scratchDatabase } from '../../support/scratch.ts'
import { silentLog } from '../../support/silent-log.ts'
import { busConformance } from './conformance.ts'

busConformance('the event log in PostgreSQL', async () => {
  const database = await scratchDatabase()
  return {
    open: retention => openPostgresBus(database.url, retention, silentLog),
    cut: () =>
      asAdmin('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [
        new URL(database.url).pathname.slice(1),
      ]),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
})

const event = (id: string) => ({
  id,
  topic: 'job.queued',
  key: 'job_1',
  project: 'default',
  at: new Date().toISOString(),
  data: {},
})

it('lets no reader pass an event whose transaction commits later', async () => {
  await using database = await scratchDatabase()
  await using bus = await openPostgresBus(database.url, () => 60_000, silentLog)
  const slow = new Client({ connectionString: database.url })
  await slow.connect()
  await slow.query('BEGIN')
  await slow.query(`SELECT bus.publish('{a}', '{job.queued}', '{job_1}', '{default}', '{now}', '{1}', '{null}')`)

  let published = false
  const later = bus.publish([event('b')]).then(() => {
    published = true
  })
  await until('the second writer waiting', async () => {
    const { rows } = await slow.query(
      `SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = database
       WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()`,
    )
    return rows.length > 0
  })
  expect(published).toBe(false)
  expect(await bus.read({})).toEqual([])

  await slow.query('COMMIT')
  await later
  await slow.end()
  expect((await bus.read({})).map(({ id }) => id)).toEqual(['a', 'b'])
})

it('is set up once when several processes start at the same moment', async () => {
  await using database = await scratchDatabase()
  const buses = await Promise.all(
    Array.from({ length: 5 }, () => openPostgresBus(database.url, () => 60_000, silentLog)),
  )
  expect(new Set(buses.map(({ id }) => id)).size).toBe(1)
  for (const bus of buses) await bus[Symbol.asyncDispose]()
})
