import type { Pool } from 'pg'
import { expect, it } from 'vitest'
import type { BusEvent } from '../../kernel/bus/bus.ts'
import { type ConsumerOptions, startConsumer } from '../../kernel/consumer.ts'
import { notFound } from '../../kernel/errors.ts'
import { until } from '../support/condition.ts'
import { cutConnections, serviceDatabase } from '../support/service-database.ts'
import { silentLog as log } from '../support/silent-log.ts'
import { openMemoryBus } from './bus/memory.ts'

const event = (id: string, topic = 'job.queued') => ({
  id,
  topic,
  key: 'job_1',
  project: 'default',
  at: new Date().toISOString(),
  data: { text: 'a\u0000b' },
})
const openBus = () => openMemoryBus(() => 60_000)

function collector(refuse: (event: BusEvent) => unknown = () => undefined) {
  const handled: string[] = []
  return {
    handled,
    handle: async (event: BusEvent) => {
      const error = refuse(event)
      if (error) throw error
      handled.push(event.id)
    },
  }
}
const start = (parts: Pick<ConsumerOptions, 'bus' | 'pool' | 'handle'> & Partial<ConsumerOptions>) =>
  startConsumer({ name: 'model', topics: ['job.queued'], from: 'start', retryMs: 1, log, ...parts })
const dead = async (pool: Pool) => (await pool.query('SELECT id, consumer, topic, event, error FROM dead_event')).rows

it('handles the events of its topics in order, and goes on where it stopped', async () => {
  await using database = await serviceDatabase('realtime')
  const { pool } = database
  const bus = openBus()
  const { handled, handle } = collector()
  await bus.publish([event('a'), event('x', 'job.started'), event('b')])
  {
    await using consumer = start({ bus, pool, handle })
    await until('two events', async () => (await consumer.lag()).ms === 0 && handled.length === 2)
  }
  await bus.publish([event('c')])
  await using consumer = start({ bus, pool, handle })
  await until('the third event', () => handled.length >= 3)
  expect(handled).toEqual(['a', 'b', 'c'])
  await until('no lag', async () => (await consumer.lag()).position === (await bus.head()))
})

it('begins with what comes when it is new and told so, and misses nothing of that later', async () => {
  await using database = await serviceDatabase('realtime')
  const { pool } = database
  const bus = openBus()
  const { handled, handle } = collector()
  await bus.publish([event('a')])
  {
    await using consumer = start({ bus, pool, handle, from: 'now' })
    await until('its first position', async () => (await consumer.lag()).position === '1')
  }
  await bus.publish([event('b')])
  await using _consumer = start({ bus, pool, handle, from: 'now' })
  await until('the event of meanwhile', () => handled.length === 1)
  expect(handled).toEqual(['b'])
})

it('tries again after a failure, and lets nothing pass meanwhile', async () => {
  await using database = await serviceDatabase('realtime')
  const bus = openBus()
  let failures = 0
  const { handled, handle } = collector(({ id }) => id === 'a' && failures++ < 4 && new Error('not now'))
  await bus.publish([event('a'), event('b')])
  await using _consumer = start({ bus, pool: database.pool, handle })
  await until('both events', () => handled.length === 2)
  expect(handled).toEqual(['a', 'b'])
  expect(failures).toBe(5)
})

it('puts an event aside after ten failures, or one that is final, and goes on', async () => {
  await using database = await serviceDatabase('realtime')
  const { pool } = database
  const bus = openBus()
  const tried: string[] = []
  const { handled, handle } = collector(({ id }) => {
    tried.push(id)
    return id === 'a' ? new Error('broken') : id === 'b' ? notFound('There is no job "job_1".') : undefined
  })
  await bus.publish([event('a'), event('b'), event('c')])
  await using _consumer = start({ bus, pool, handle })
  await until('the event behind them', () => handled.length === 1)
  expect(handled).toEqual(['c'])
  expect(tried).toEqual([...Array(10).fill('a'), 'b', 'c'])
  const parked = await dead(pool)
  expect(parked.map(row => [row.id, row.consumer, row.topic])).toEqual([
    ['a', 'model', 'job.queued'],
    ['b', 'model', 'job.queued'],
  ])
  expect(parked[1].error).toContain('There is no job "job_1".')
  expect(parked[0].event).toMatchObject({ id: 'a', data: { text: 'a\ufffdb' } })
})

it('works once among several of its name, and another takes over from one that is cut off', async () => {
  await using database = await serviceDatabase('realtime')
  const { pool } = database
  const bus = openBus()
  const { handled, handle } = collector()
  await using _one = start({ bus, pool, handle })
  await using _two = start({ bus, pool, handle })
  await bus.publish([event('a'), event('b')])
  await until('two events', () => handled.length >= 2)
  expect(handled).toEqual(['a', 'b'])
  await until(
    'the position',
    async () => (await pool.query(`SELECT 1 FROM consumer WHERE position = '2'`)).rowCount === 1,
  )
  await cutConnections(pool)
  await bus.publish([event('c')])
  await until('the event after the cut', () => handled.length >= 3)
  expect(handled).toEqual(['a', 'b', 'c'])
})
