import { afterEach, beforeEach, expect, it } from 'vitest'
import { startEventServer } from '../event-server.ts'
import { command } from './screen.ts'

let server: Awaited<ReturnType<typeof startEventServer>>
beforeEach(async () => {
  server = await startEventServer('trainingProgress')
})
afterEach(() => server[Symbol.asyncDispose]())

const started = { id: 'job_1', modelName: 'merged' }
const latest = ['test_loss', 'best_parent_test_loss', 'test_gain', 'test_gain_low', 'test_gain_high'].map(
  (name, index) => ({ name, value: index + 1 }),
)
const front = [
  { method: 'linear', layers: [0, 1], fitnessLoss: 3, testLoss: 3.1, sizeBytes: 4_000_000, latencyMs: 2 },
  { parent: 'mine/1', fitnessLoss: 3.5, testLoss: 3.4, sizeBytes: 3_000_000, latencyMs: 1.5 },
]

it('asks for the objectives, and shows the front at the end', async () => {
  const asked: unknown[] = []
  server.answers(({ query, variables }) => {
    if (String(query).includes('mutation')) asked.push(variables.input)
    return {
      data: String(query).includes('mutation') ? { startEvoMerge: started } : { job: { latest, report: { front } } },
    }
  })
  const at = '2026-01-31T12:00:00.000Z'
  server.write({ at, status: 'COMPLETED', step: 2, totalSteps: 2, metrics: [], points: [], job: { id: 'job_1' } })
  server.complete()
  const words = ['mine/1', 'mine@champion', '--objective', 'loss', 'size', '--watch']
  const { status, lines } = await command(server.url, 'evomerge', 'start', ...words)
  expect(status).toBe(0)
  expect(asked).toEqual([{ parents: ['mine/1', 'mine@champion'], objectives: ['LOSS', 'SIZE'] }])
  expect(lines.slice(-3).map(line => line.split(/ {2,}/))).toEqual([
    ['MERGE', 'LAYERS', 'LOSS', 'TEST LOSS', 'SIZE', 'LATENCY'],
    ['linear', '0,1', '3.0000', '3.1000', '4.0 MB', '2.00 ms'],
    ['mine/1', 'all', '3.5000', '3.4000', '3.0 MB', '1.50 ms'],
  ])
})
