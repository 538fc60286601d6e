import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pause } from '../../kernel/resilience/pause.ts'
import { benchmarkOf } from '../benchmark.ts'
import { openLoop } from '../gateway/load.ts'
import { answering, run } from '../gateway/process.ts'

const port = 4120
const url = `http://127.0.0.1:${port}/graphql`
const slots = 12
/** Shares of all jobs of each project: as many as there are slots run at once, and a hundred wait. */
const shares = { crowd: 70, team: 30, pair: 10, lone: 2 }
const usualJobs = 112
/** Of what those ask who look on. */
const requestsPerSecond = 40

const start = `mutation ($input: StartCognateInput!) { startCognate(input: $input) { id } }`
const settings = { batch: 8, context: 64, checkpointEvery: 20, validationEvery: 20 }
const sizes = { vocabulary: 320, width: 64, layers: 2, heads: 2, keyValueHeads: 2, feedForward: 176 }

/** What people look at while jobs run: the lists, the line, the fleet, one job. */
const questions = [
  '{ jobs(first: 20) { edges { node { id status step progress modelName } } } }',
  '{ jobs(first: 20, filter: { status: [RUNNING] }) { edges { node { id step progress node { name } } } } }',
  '{ trainingQueue(first: 20) { position waitsFor job { id priority } } }',
  '{ fleet { status nodes { name load slots slotsUsed } } }',
]
const oneJob = '{ job(id: "ID") { id status step progress latest { name value } checkpoints { step } } }'

export const benchmark = benchmarkOf({
  about: 'A dozen trainings at once and a hundred that wait, while the graph is asked.',
  options: { jobs: usualJobs, steps: 60 },
  async measure({ jobs: count, steps }) {
    const data = mkdtempSync(join(tmpdir(), 'forge-bench-'))
    await using parts = new AsyncDisposableStack()
    parts.defer(() => rmSync(data, { recursive: true, force: true }))
    const given = { FORGE_DATA: data, PORT: String(port), FORGE_AUTH: 'off', FORGE_LOG: 'error' }
    const forge = parts.use(
      run([join(import.meta.dirname, '../../forge/main.ts')], { env: { ...given, FORGE_SLOTS: String(slots) } }),
    )
    await answering(url, {}, forge)
    await until(async () => (await ask('{ fleet { nodes { slots } } }')).fleet?.nodes.length === 1)

    const began = performance.now()
    const ids = await startJobs(count, steps)
    process.stderr.write(`${ids.length} jobs are queued after ${seconds(performance.now() - began)} s\n`)
    const bodies = [...questions, ...ids.slice(0, 4).map(id => oneJob.replace('ID', id))]
    const watching = new AbortController()
    const asked = openLoop(
      { url, bodies: bodies.map(query => JSON.stringify({ query })) },
      requestsPerSecond,
      64,
      watching.signal,
    )
    let mostAtOnce = 0
    let jobs: readonly Job[] = []
    do {
      await pause(1_000)
      const running = await countRunning()
      mostAtOnce = Math.max(mostAtOnce, running)
      // Only then may it be the end: the list of all is long, and to ask for it would be felt in the latencies.
      if (running === 0) jobs = await allJobs()
    } while (jobs.length === 0 || jobs.some(({ finishedAt }) => finishedAt === null))
    const took = performance.now() - began
    watching.abort()
    const { failures, ...latencies } = await asked

    const completed = jobs.filter(({ status }) => status === 'COMPLETED').length
    return {
      samples: 1,
      results: [
        {
          what: 'all',
          jobs: jobs.length,
          completed,
          mostAtOnce,
          seconds: seconds(took),
          failures,
          ...rounded(latencies),
        },
        ...Object.keys(shares).map(project => ({
          what: project,
          ...waitsOf(jobs.filter(job => job.project === project)),
        })),
      ],
      goals: [
        { name: 'jobs that run at once', goal: slots, value: mostAtOnce, unit: 'jobs', atMost: false },
        { name: 'jobs that never completed', goal: 0, value: jobs.length - completed, unit: 'jobs', atMost: true },
        {
          name: 'answers of the API meanwhile, p99',
          goal: 50,
          value: rounded(latencies).p99!,
          unit: 'ms',
          atMost: true,
        },
        { name: 'requests that failed', goal: 0, value: failures, unit: 'requests', atMost: true },
      ],
    }
  },
})

interface Job {
  readonly id: string
  readonly project: string
  readonly status: string
  readonly createdAt: string
  readonly startedAt: string | null
  readonly finishedAt: string | null
}

/** The largest project first, all at one moment: whoever comes last has everybody before it. */
async function startJobs(count: number, steps: number): Promise<readonly string[]> {
  const text = readFileSync(join(import.meta.dirname, '../../ARCHITECTURE.md'), 'utf8').repeat(4)
  const inputs = Object.entries(shares).flatMap(([project, share]) =>
    Array.from({ length: Math.ceil((count * share) / usualJobs) }, (_, seed) => {
      return { project, modelName: project, seed, sizes, text, steps, ...settings }
    }),
  )
  const ids: string[] = []
  for (const input of inputs) ids.push((await ask(start, { input })).startCognate!.id)
  return ids
}

async function countRunning(): Promise<number> {
  const { jobs } = await ask('{ jobs(first: 100, filter: { status: [RUNNING] }) { edges { node { id } } } }')
  return jobs!.edges.length
}

async function allJobs(): Promise<readonly Job[]> {
  const fields = 'id project status createdAt startedAt finishedAt'
  const jobs: Job[] = []
  let after: string | null = null
  do {
    const page: string = after === null ? '' : `, after: "${after}"`
    const answer = await ask(
      `{ jobs(first: 100${page}) { edges { node { ${fields} } } pageInfo { endCursor hasNextPage } } }`,
    )
    const { edges, pageInfo } = answer.jobs!
    jobs.push(...edges.map(({ node }) => node))
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null
  } while (after !== null)
  return jobs
}

interface Answer {
  readonly startCognate?: { readonly id: string }
  readonly fleet?: { readonly nodes: readonly { readonly slots: number }[] }
  readonly jobs?: {
    readonly edges: readonly { readonly node: Job }[]
    readonly pageInfo: { readonly endCursor: string; readonly hasNextPage: boolean }
  }
}

async function ask(query: string, variables: object = {}): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  })
  const { data, errors } = (await response.json()) as { data: Answer; errors?: readonly { message: string }[] }
  if (errors) throw new Error(errors.map(({ message }) => message).join('; '))
  return data
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('No worker has reported within a minute')
    await pause(100)
  }
}

/** How long the jobs of a project waited for their first turn. */
function waitsOf(jobs: readonly Job[]) {
  const waits = jobs.map(({ createdAt, startedAt }) => Date.parse(startedAt ?? '') - Date.parse(createdAt))
  const mean = waits.reduce((sum, wait) => sum + wait, 0) / waits.length
  return { jobs: jobs.length, meanWaitSeconds: seconds(mean), longestWaitSeconds: seconds(Math.max(...waits)) }
}

const seconds = (milliseconds: number): number => Math.round(milliseconds / 100) / 10

const rounded = (values: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Math.round(value * 10) / 10]))
