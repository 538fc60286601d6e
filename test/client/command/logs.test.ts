import { afterEach, beforeEach, expect, it } from 'vitest'
import { startEventServer } from '../event-server.ts'
import { command } from './screen.ts'

let server: Awaited<ReturnType<typeof startEventServer>>
beforeEach(async () => {
  server = await startEventServer('jobLogs')
})
afterEach(() => server[Symbol.asyncDispose]())

const line = (number: number, text = `line ${number}`) => ({
  number,
  at: '2026-01-31T12:00:00.000Z',
  attempt: 1,
  source: number === 1 ? 'FORGE' : 'STDOUT',
  event: number === 1 ? 'started' : null,
  step: null,
  text,
})
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)
/** Answers stretches of a log of so many lines. */
const serve = (total: number) =>
  server.answers(({ variables }) => {
    const { after, first } = variables as { after?: number; first: number }
    const start = after ?? 0
    const lines = range(start + 1, Math.min(total, start + first)).map(number => line(number))
    return { data: { job: { id: 'job_1', log: { total, lines } } } }
  })

/** Without the colours that `jobs logs` gives, and with any that a line brings along. */
const plain = (text: string) => [1, 2, 22, 33, 39].reduce((left, code) => left.replaceAll(`\u001b[${code}m`, ''), text)

it('shows a log of many pages whole, and its end where that is asked for', async () => {
  serve(4_500)
  const { lines } = await command(server.url, 'jobs', 'logs', 'job_1')
  expect(lines).toHaveLength(4_500)
  expect(plain(lines.at(-1)!)).toBe('2026-01-31T12:00:00.000Z line 4500')
  expect((await command(server.url, 'jobs', 'logs', 'job_1', '--tail', '2')).lines).toHaveLength(2)
  const { lines: json } = await command(server.url, 'jobs', 'logs', 'job_1', '--tail', '1', '--json')
  expect(json.map(text => JSON.parse(text))).toEqual([line(4_500)])
})

it('goes on with what comes until the job has ended, behind the lines that were not asked for', async () => {
  serve(3)
  server.write({ gap: null, at: '2026-01-31T12:00:00.000Z', lines: [line(3), line(4)] })
  server.write({ gap: null, at: '2026-01-31T12:00:00.000Z', lines: [line(5, 'red \u001b[31m alert\u0007')] })
  server.complete()
  const { lines, status } = await command(server.url, 'jobs', 'logs', 'job_1', '-f', '--tail', '1')
  expect(status).toBe(0)
  expect(lines.map(text => plain(text).slice(25))).toEqual(['line 3', 'line 4', 'red  alert'])
  expect(server.subscribed[0]!.variables).toMatchObject({ jobId: 'job_1', afterLine: 2 })
})
