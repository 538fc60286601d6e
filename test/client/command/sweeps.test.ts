import { InvalidArgumentError } from 'commander'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { dimension } from '../../../client/command/options.ts'
import { startEventServer } from '../event-server.ts'
import { command } from './screen.ts'

let server: Awaited<ReturnType<typeof startEventServer>>
beforeEach(async () => {
  server = await startEventServer('trainingProgress')
})
afterEach(() => server[Symbol.asyncDispose]())

const forge = (...words: string[]) => command(server.url, ...words)
const trial = (number: number, status: string, losses: number[], code: string | null = null) => ({
  number,
  parameters: { learningRate: number / 1_000 },
  status,
  rung: losses.length - 1,
  losses,
  loss: losses.at(-1) ?? null,
  job: { id: `job_${number}`, status, step: 9, totalSteps: 9, error: code && { code, message: 'it broke' } },
})
const sweep = (status: string, trials: object[], best: object | null = null) => ({
  id: 'sweep_1',
  status,
  modelName: 'moby',
  progress: 0.5,
  algorithm: 'ASHA',
  rungs: [1, 3, 9],
  parallel: 2,
  trials,
  best,
  error: status === 'FAILED' ? { code: 'DIVERGED', message: 'None of 1 trial made a model' } : null,
  createdAt: '2026-01-31T12:00:00.000Z',
})

describe('a dimension', () => {
  it.each([
    ['learningRate=log:1e-4..1e-2', { parameter: 'learningRate', logUniform: { from: 1e-4, to: 1e-2 } }],
    ['weightDecay=0..0.2:5', { parameter: 'weightDecay', uniform: { from: 0, to: 0.2 }, points: 5 }],
    ['batch=int:4..16', { parameter: 'batch', integer: { from: 4, to: 16 } }],
    ['batch=4,8', { parameter: 'batch', choice: [4, 8] }],
    ['grokfast.kind=NONE,EMA', { parameter: 'grokfast.kind', choice: ['NONE', 'EMA'] }],
  ])('is read of %s', (text, read) => {
    expect(dimension(text, [{ parameter: 'first' }])).toEqual([{ parameter: 'first' }, read])
  })

  it.each(['learningRate', 'batch=', '=1..2', 'batch=int:a..4', 'batch=4,,8'])('is not read of %s', text => {
    expect(() => dimension(text)).toThrow(InvalidArgumentError)
  })
})

it('starts a sweep from its options', async () => {
  const asked: unknown[] = []
  server.answers(({ variables }) => {
    asked.push(variables)
    return { data: { startSweep: sweep('RUNNING', []) } }
  })
  const words = [
    '--model',
    'moby',
    '--steps',
    '9',
    '--min-steps',
    '1',
    '--config',
    '{"batch": 4}',
    '--search-seed',
    '3',
  ]
  const { lines } = await forge('sweeps', 'start', '--search', 'learningRate=1..2', 'warmup=0,5', ...words)
  const space = [
    { parameter: 'learningRate', uniform: { from: 1, to: 2 } },
    { parameter: 'warmup', choice: [0, 5] },
  ]
  expect(asked).toEqual([{ input: { modelName: 'moby', steps: 9, batch: 4 }, search: { space, minSteps: 1, seed: 3 } }])
  expect(lines).toEqual(['sweep_1 searches for moby'])
})

it('follows a sweep to its end, with a table of its trials', async () => {
  const first = trial(1, 'TRAINING', [])
  const trials = [trial(1, 'STOPPED', [4]), trial(2, 'COMPLETED', [3, 2.5, 2.25]), trial(3, 'FAILED', [], 'DIVERGED')]
  const states = [sweep('RUNNING', [first]), sweep('COMPLETED', trials, trials[1])]
  server.answers(() => ({ data: { sweep: states.length > 1 ? states.shift() : states[0] } }))
  const { status, lines } = await forge('sweeps', 'watch', 'sweep_1')
  expect(status).toBe(0)
  expect(lines[0]).toBe('RUNNING 50%: 1 of 1 trial begun, 1 in training')
  expect(lines[1]).toBe('COMPLETED 50%: 3 of 3 trials begun, 0 in training, best 2.2500 of trial 2')
  expect(lines.slice(-4).map(line => line.split(/ {2,}/))).toEqual([
    ['TRIAL', 'LEARNINGRATE', 'STATUS', 'RUNG', 'STEPS', 'LOSS', 'JOB', 'ERROR'],
    ['1', '0.001', 'STOPPED', '0', '9/9', '4.0000', 'job_1'],
    ['2 *', '0.002', 'COMPLETED', '2', '9/9', '2.2500', 'job_2'],
    ['3', '0.003', 'FAILED', '-1', '9/9', '–', 'job_3', 'DIVERGED'],
  ])
})

it('ends with status 1 where the sweep fails', async () => {
  server.answers(() => ({ data: { sweep: sweep('FAILED', [trial(1, 'FAILED', [], 'DIVERGED')]) } }))
  const { status, stdout } = await forge('sweeps', 'watch', 'sweep_1')
  expect(status).toBe(1)
  expect(stdout).toContain('FAILED (None of 1 trial made a model)')
})

it('is JSON for machines, a line for each change', async () => {
  const states = [sweep('RUNNING', []), sweep('COMPLETED', [])]
  server.answers(() => ({ data: { sweep: states.length > 1 ? states.shift() : states[0] } }))
  const { lines } = await forge('sweeps', 'watch', 'sweep_1', '--json')
  expect(lines.map(line => JSON.parse(line).status)).toEqual(['RUNNING', 'COMPLETED'])
})
