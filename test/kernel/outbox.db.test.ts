import type { Pool } from 'pg'
import { expect, it } from 'vitest'
import type { Bus } from '../../kernel/bus/bus.ts'
import { createOutbox, startRelay } from '../../kernel/outbox.ts'
import { eventData, type TopicData } from '../../schema/events.ts'
import { until } from '../support/condition.ts'
import { cutConnections, serviceDatabase } from '../support/service-database.ts'
import { silentLog as log } from '../support/silent-log.ts'
import { openMemoryBus } from './bus/memory.ts'

const outboxRow = createOutbox<TopicData>(eventData)
const at = new Date('2026-01-02T03:04:05.678Z')
const paused = (step: number) =>
  outboxRow(
    'job.paused',
    { key: 'job_1', project: 'default', data: { jobId: 'job_1', step, totalSteps: 100, runId: null, stepName: null } },
    at,
  )

async function write(db: Pick<Pool, 'query'>, row: ReturnType<typeof paused>): Promise<void> {
  await db.query('INSERT INTO outbox (id, topic, key, project, at, data) VALUES ($1, $2, $3, $4, $5, $6)', [
    row.id,
    row.topic,
    row.key,
    row.project,
    row.at,
    row.data,
  ])
}
const isEmpty = async (pool: Pool) => (await pool.query('SELECT 1 FROM outbox LIMIT 1')).rowCount === 0
const steps = async (bus: Bus) => (await bus.read({})).map(event => (event.data as { step: number }).step)
const openBus = () => openMemoryBus(() => 60_000)

it('refuses a row whose data is not what the topic promises', () => {
  expect(() => paused(-1)).toThrow(/step/)
})

it('publishes what a committed transaction wrote, whole, soon, and once', async () => {
  await using database = await serviceDatabase('realtime')
  const { pool } = database
  const bus = openBus()
  await using _relay = startRelay({ pool, bus, log })
  const row = paused(1)
  await write(pool, row)
  await until('an empty outbox', () => isEmpty(pool))
  const { position: _, ...event } = (await bus.read({}))[0]!
  expect(event).toEqual({ ...row, at: at.toISOString() })

  // Waits for a notification now, not for its poll.
  const began = performance.now()
  await write(pool, paused(2))
  await until('the second event', async () => (await steps(bus)).length === 2)
  expect(performance.now() - began).toBeLessThan(2_000)

  const client = await pool.connect()
  await client.query('BEGIN')
  await write(client, paused(3))
  await client.query('ROLLBACK')
  client.release()
  await write(pool, paused(4))
  await until('the fourth event', async () => (await steps(bus)).length === 3)
  expect(await steps(bus)).toEqual([1, 2, 4])
})

it('publishes the changes of one entity in the order in which they were made, however transactions overlap', async () => {
  await using database = await serviceDatabase('realtime')
  const { pool } = database
  await pool.query(
    `INSERT INTO subject (id, kind, project, status, state, updated_at) VALUES ('job_1', 'JOB', 'default', '0', '{}', now())`,
  )
  const bus = openBus()
  await using _relay = startRelay({ pool, bus, log })

  const change = async () => {
    const client = await pool.connect()
    await client.query('BEGIN')
    const { rows } = await client.query(
      `UPDATE subject SET status = (status::int + 1)::text WHERE id = 'job_1' RETURNING status`,
    )
    await write(client, paused(Number(rows[0].status)))
    await client.query('COMMIT')
    client.release()
  }
  await Promise.all(Array.from({ length: 60 }, change))
  await until('an empty outbox', () => isEmpty(pool))
  expect(await steps(bus)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1))
})

it('does not lose the row of a transaction that commits after a later one', async () => {
  await using database = await serviceDatabase('realtime')
  const { pool } = database
  const bus = openBus()
  await using _relay = startRelay({ pool, bus, log })
  const slow = await pool.connect()
  await slow.query('BEGIN')
  await write(slow, paused(1))
  await write(pool, paused(2))
  await until('the later event', async () => (await steps(bus)).length === 1)
  await slow.query('COMMIT')
  slow.release()
  await until('both events', async () => (await steps(bus)).length === 2)
  expect(await steps(bus)).toEqual([2, 1])
})

it('keeps events while the bus is away, and publishes each once when it is back', async () => {
  await using database = await serviceDatabase('realtime')
  const { pool } = database
  const inner = openBus()
  let failures = 0
  const bus: Bus = {
    ...inner,
    async publish(events) {
      failures += 1
      if (failures === 2) await inner.publish(events)
      if (failures < 4) throw new Error('the answer is lost')
      await inner.publish(events)
    },
  }
  for (const step of [1, 2, 3]) await write(pool, paused(step))
  await using _relay = startRelay({ pool, bus, log })
  await until('an empty outbox', () => isEmpty(pool))
  expect(await steps(inner)).toEqual([1, 2, 3])
  expect(failures).toBe(4)
})

it('is done by one relay at a time, and by another when the first loses its connection', async () => {
  await using database = await serviceDatabase('realtime')
  const { pool } = database
  const bus = openBus()
  await using _first = startRelay({ pool, bus, log })
  await using _second = startRelay({ pool, bus, log })
  const holders = async () =>
    (
      await pool.query(
        `SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = database
         WHERE locktype = 'advisory' AND granted AND datname = current_database()`,
      )
    ).rows.map(row => row.pid)
  await until('one relay', async () => (await holders()).length === 1)
  const [before] = await holders()
  await cutConnections(pool)
  for (const step of [1, 2, 3]) await write(pool, paused(step))
  await until('an empty outbox', () => isEmpty(pool))
  expect(await steps(bus)).toEqual([1, 2, 3])
  expect(await holders()).not.toContain(before)
  expect(await holders()).toHaveLength(1)
})
