import fc from 'fast-check'
import { expect, it } from 'vitest'
import { followJob, followRun } from '../../../subgraphs/realtime/progress/service.ts'
import { followEvents } from '../../../subgraphs/realtime/streams/service.ts'
import { job, openStage, run, viewer } from './stage.ts'

/** Each connection reads some events and is cut; between any two steps, more is published. */
const connections = fc.array(
  fc.record({
    reads: fc.integer({ min: 0, max: 4 }),
    before: fc.integer({ min: 0, max: 5 }),
    during: fc.integer({ min: 0, max: 5 }),
  }),
  { minLength: 1, maxLength: 8 },
)
const total = 30
const queue = 1_000

interface Cut<T> {
  readonly open: (after?: string) => Promise<AsyncGenerator<T, void>>
  /** Publishes the next `count` events of the sequence, if there are so many. */
  readonly publish: (count: number) => Promise<void>
}

/** Reads across the cuts, going on after each with the last cursor, and then to the end. */
async function readAcross<T extends { cursor: string }>(
  { open, publish }: Cut<T>,
  cuts: readonly { reads: number; before: number; during: number }[],
  isEnd: (event: T) => boolean,
): Promise<T[]> {
  const seen: T[] = []
  for (const { reads, before, during } of cuts) {
    await publish(before)
    const stream = await open(seen.at(-1)?.cursor)
    for (let i = 0; i < reads; i++) {
      const next = stream.next()
      if (i === 0) await publish(during)
      // Where nothing is left to come, the cut happens while the reader waits.
      const result = await Promise.race([
        next,
        new Promise<null>(resolve => setImmediate(() => setImmediate(resolve, null))),
      ])
      if (!result) {
        // What the log gives after all, the cut connection takes with it: the reader never saw it.
        break
      }
      if (result.done) break
      seen.push(result.value)
    }
    await stream.return()
  }
  await publish(total)
  if (!seen.some(isEnd)) {
    for await (const event of await open(seen.at(-1)?.cursor)) {
      seen.push(event)
      if (isEnd(event)) break
    }
  }
  return seen
}

const publisher = (bus: { publish(events: never): Promise<void> }, sequence: readonly unknown[]) => {
  let published = 0
  return async (count: number) => {
    const batch = sequence.slice(published, published + count)
    published += batch.length
    for (const event of batch) await bus.publish([event] as never)
  }
}
const steps = Array.from({ length: total }, (_, i) => i + 1)

it('gives every point of a job once and in order, wherever the connection is cut', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(connections, fc.constantFrom(queue, 3), async (cuts, limit) => {
      await using stage = await openStage({ queue: limit })
      await stage.bus.publish([job.queued('job_1')])
      const sequence = [...steps.map(step => job.progressed('job_1', step)), job.cancelled('job_1', total)]
      const seen = await readAcross(
        {
          open: after => followJob(stage.parts, viewer, { id: 'job_1', after }),
          publish: publisher(stage.bus, sequence),
        },
        [...cuts, { reads: 0, before: total + 1, during: 0 }],
        ({ status }) => status === 'CANCELLED',
      )
      const losses = seen.flatMap(({ points }) => points.filter(({ name }) => name === 'loss'))
      expect(losses.map(({ step }) => step)).toEqual(steps)
      expect(seen.every(({ gap }) => gap === null)).toBe(true)
    }),
    { numRuns: 200 },
  )
})

it('gives every event once and in order, wherever the connection is cut', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(connections, async cuts => {
      await using stage = await openStage()
      const sequence = steps.map(step => run('run.progressed', 'run_1', 'RUNNING', step / total))
      const first = run('run.started', 'run_1', 'RUNNING', 0)
      await stage.bus.publish([first])
      const start = await followRun(stage.parts, viewer, { id: 'run_1' })
      const { cursor } = (await start.next()).value!
      await start.return()
      const seen = await readAcross(
        {
          open: (after = cursor) => followEvents(stage.parts, viewer, { topics: ['run.progressed'], after }),
          publish: publisher(stage.bus, sequence),
        },
        cuts,
        ({ id }) => id === sequence.at(-1)!.id,
      )
      expect(seen.map(({ id }) => id)).toEqual(sequence.map(({ id }) => id))
    }),
    { numRuns: 200 },
  )
})
