import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startEventServer } from '../event-server.ts'
import { command } from './screen.ts'

let server: Awaited<ReturnType<typeof startEventServer>>
beforeEach(async () => {
  server = await startEventServer('trainingProgress')
})
afterEach(() => server[Symbol.asyncDispose]())

const forge = (...words: string[]) => command(server.url, ...words)
const job = {
  id: 'job_1',
  status: 'RUNNING',
  modelName: 'moby',
  step: 5,
  totalSteps: 10,
  progress: 0.5,
  createdAt: '2026-01-31T12:00:00.000Z',
}
const jobsPage = { data: { jobs: { edges: [{ node: job }], pageInfo: { hasNextPage: true, endCursor: 'job_1' } } } }

describe('a list', () => {
  it('is a table for people, and says how to get the next page', async () => {
    server.answers(() => jobsPage)
    const { status, lines } = await forge('jobs', 'list')
    expect(status).toBe(0)
    expect(lines[0]!.split(/ {2,}/)).toEqual(['ID', 'STATUS', 'MODEL', 'STEPS', 'PROGRESS', 'CREATED'])
    expect(lines[1]!.split(/ {2,}/).slice(0, 5)).toEqual(['job_1', 'RUNNING', 'moby', '5/10', '50%'])
    expect(lines.at(-1)).toBe('More: --after job_1')
  })

  it('is one line of JSON for machines', async () => {
    server.answers(() => jobsPage)
    const { lines } = await forge('jobs', 'list', '--json')
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0]!)).toEqual({ items: [job], next: 'job_1' })
  })

  it('says so when it is empty', async () => {
    server.answers(() => ({ data: { apiKeys: { edges: [], pageInfo: { hasNextPage: false } } } }))
    expect((await forge('keys', 'list')).lines).toEqual(['(none)'])
  })

  it('passes its filter on', async () => {
    const asked: unknown[] = []
    server.answers(({ variables }) => {
      asked.push(variables)
      return jobsPage
    })
    await forge('jobs', 'list', '--status', 'failed', '--model', 'moby', '--first', '5')
    expect(asked).toEqual([{ first: 5, filter: { status: ['FAILED'], modelName: 'moby' } }])
  })
})

describe('starting', () => {
  it('makes the input of a job from its options', async () => {
    const asked: unknown[] = []
    server.answers(({ variables }) => {
      asked.push(variables.input)
      return { data: { startCognate: job } }
    })
    const words = [
      '--model',
      'moby',
      '--preset',
      'nano',
      '--steps',
      '20',
      '--grokfast',
      'ema',
      '--config',
      '{"batch": 4}',
    ]
    const { lines } = await forge('jobs', 'start', ...words, '--learning-rate', '1e-3')
    const input = {
      modelName: 'moby',
      preset: 'NANO',
      steps: 20,
      grokfast: { kind: 'EMA' },
      batch: 4,
      learningRate: 0.001,
    }
    expect(asked).toEqual([input])
    expect(lines).toEqual(['job_1 trains moby'])
  })

  it('makes the input of a run from its options', async () => {
    const asked: unknown[] = []
    server.answers(({ variables }) => {
      asked.push(variables.input)
      return { data: { runPipeline: { id: 'run_1', modelName: 'moby' } } }
    })
    await forge('pipelines', 'run', '--model', 'moby', '--steps', '20', '--idempotency-key', 'k')
    expect(asked).toEqual([{ modelName: 'moby', idempotencyKey: 'k', config: { steps: 20 } }])
  })
})

describe('watching a job', () => {
  const event = (step: number, status = 'RUNNING') => ({
    at: '2026-01-31T12:00:00.000Z',
    status,
    step,
    totalSteps: 4,
    metrics: [{ name: 'loss', value: 4 - step }],
    points: [{ name: 'loss', step, value: 4 - step, at: '2026-01-31T12:00:00.000Z' }],
    job: { id: 'job_1', error: status === 'FAILED' ? { code: 'INTERNAL', message: 'out of memory' } : null },
  })

  it('ends with the curve and how it went', async () => {
    server.write(event(1), event(2), event(3), event(4, 'COMPLETED'))
    server.complete()
    const { status, stdout } = await forge('jobs', 'watch', 'job_1')
    expect(status).toBe(0)
    expect(stdout).toContain('over steps 1 to 4')
    expect(stdout).toContain('job_1 is COMPLETED at step 4 of 4')
  })

  it('is a failure when the job fails, and says why', async () => {
    server.write(event(1), event(2, 'FAILED'))
    server.complete()
    const { status, stdout } = await forge('jobs', 'watch', 'job_1')
    expect(status).toBe(1)
    expect(stdout).toContain('FAILED at step 2 of 4: out of memory')
  })

  it('is a line of JSON per event for machines', async () => {
    server.write(event(1), event(4, 'COMPLETED'))
    server.complete()
    const { lines } = await forge('--json', 'jobs', 'watch', 'job_1')
    expect(lines.map(line => JSON.parse(line).step)).toEqual([1, 4])
  })
})

describe('what goes wrong', () => {
  const refusal = { message: 'There is no job "x".', path: ['job'], extensions: { code: 'NOT_FOUND' } }

  it('is one sentence with its code, and status 1', async () => {
    server.answers(() => ({ data: { job: null }, errors: [refusal] }))
    expect(await forge('jobs', 'show', 'x')).toMatchObject({
      status: 1,
      stdout: '',
      stderr: 'NOT_FOUND: There is no job "x".\n',
    })
    const { stderr } = await forge('jobs', 'show', 'x', '--json')
    expect(JSON.parse(stderr)).toEqual({ error: { code: 'NOT_FOUND', message: refusal.message } })
  })

  it.each([
    [['jobs', 'dance'], "unknown command 'dance'"],
    [['jobs', 'start', '--steps', 'many'], 'It must be a whole number.'],
    [['jobs', 'start', '--steps', ''], 'It must be a whole number.'],
    [['jobs', 'start', '--seeds', '1,,2'], 'It must be a whole number.'],
    [['jobs', 'start', '--config', '[1]'], 'It must be a JSON object'],
    [['keys', 'create', 'ci', '--role', 'king'], 'It must be one of VIEWER, TRAINER, OPERATOR, ADMIN.'],
    [['pipelines', 'run'], "required option '--model <name>' not specified"],
  ])('is status 2 when %j is used wrongly', async (words, complaint) => {
    const { status, stderr } = await forge(...words)
    expect(status).toBe(2)
    expect(stderr).toContain(complaint)
  })

  it('names the file of a dataset that is not UTF-8', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'forge-command-'))
    const file = join(folder, 'latin.txt')
    await writeFile(file, Buffer.from([0xe9, 0x20, 0x41]))
    const { status, stderr } = await forge('datasets', 'create', 'latin', file)
    await rm(folder, { recursive: true })
    expect(status).toBe(1)
    expect(stderr).toContain(`${file} is not UTF-8`)
  })
})

describe('a comparison', () => {
  it('says in a sentence that its chart cannot be written', async () => {
    const points = [1, 2].map(step => ({ step, value: 3 }))
    const compared = { ...job, config: {}, seed: 42, metrics: [{ name: 'validation_loss', points }] }
    server.answers(() => ({ data: { job: compared } }))
    const { status, stderr } = await forge('jobs', 'compare', 'job_1', 'job_2', '--svg', '/nowhere/curves.svg')
    expect(status).toBe(1)
    expect(stderr).toMatch(/^INVALID_INPUT: A file can't be used: ENOENT.*curves\.svg/)
  })
})

describe('query', () => {
  it('answers what the graph answers, with its errors and status 1', async () => {
    const answer = { data: { viewer: null }, errors: [{ message: 'no', path: ['viewer'] }] }
    server.answers(() => answer)
    const { status, stdout } = await forge('query', '{ viewer { name } }')
    expect(status).toBe(1)
    expect(JSON.parse(stdout)).toEqual(answer)
  })

  it('passes variables on', async () => {
    server.answers(({ query, variables }) => ({ data: { query, variables } }))
    const { status, lines } = await forge('query', '{ a }', '--variables', '{"id":"x"}', '--json')
    expect(status).toBe(0)
    expect(lines).toEqual(['{"data":{"query":"{ a }","variables":{"id":"x"}}}'])
  })
})
