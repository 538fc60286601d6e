import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Client, createClient } from 'graphql-ws'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import type { Identity } from '../../../kernel/auth/identity.ts'
import { newSigningKey, openSigner } from '../../../kernel/auth/tokens.ts'
import type { Bus, EventDraft } from '../../../kernel/bus/bus.ts'
import { openBusAt } from '../../../kernel/bus/open.ts'
import { readEnv } from '../../../kernel/env.ts'
import { close, listen, type Serving } from '../../../kernel/serve.ts'
import { retention } from '../../../schema/events.ts'
import { startRealtime } from '../../../subgraphs/realtime/main.ts'
import { until } from '../../support/condition.ts'
import { scratchDatabase } from '../../support/scratch.ts'
import { serviceDatabase } from '../../support/service-database.ts'
import { silentLog } from '../../support/silent-log.ts'
import { job, run, viewer } from './stage.ts'

interface Result {
  // biome-ignore lint/suspicious/noExplicitAny: the tests look into whatever they asked for
  readonly data?: any
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[]
}

let stack: AsyncDisposableStack
let bus: Bus
let service: Serving
let database: Awaited<ReturnType<typeof serviceDatabase>>
let authorize: (identity: Identity) => Promise<string>

beforeEach(async () => {
  stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'forge-realtime-'))
  stack.defer(() => rm(folder, { recursive: true }))
  database = stack.use(await serviceDatabase('realtime'))
  const log = stack.use(await scratchDatabase())
  const signer = await openSigner(await newSigningKey())
  const gateway = createServer((_request, response) => response.end(JSON.stringify(signer.jwks)))
  stack.defer(() => close(gateway))
  const env = readEnv({
    PORT: '0',
    FORGE_DATA: folder,
    GATEWAY_URL: await listen(gateway, '127.0.0.1', 0),
    BUS_URL: log.url,
    REALTIME_DATABASE_URL: database.url,
  })
  bus = stack.use(await openBusAt(log.url, retention, silentLog))
  service = stack.use(await startRealtime(env, silentLog))
  authorize = async identity => `Bearer ${await signer.sign(identity, 'realtime')}`
})
afterEach(() => stack.disposeAsync())

const publish = (...events: EventDraft[]) => bus.publish(events)

async function connect(identity = viewer): Promise<Client> {
  const client = createClient({
    url: `${service.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: await authorize(identity) },
    retryAttempts: 0,
  })
  stack.defer(async () => client.dispose())
  return client
}
const subscribe = async (query: string, variables: Record<string, unknown> = {}, identity = viewer) =>
  (await connect(identity)).iterate({ query, variables }) as AsyncIterableIterator<Result>

async function ask(query: string, identity = viewer): Promise<Result> {
  const response = await fetch(`${service.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: await authorize(identity) },
    body: JSON.stringify({ query }),
  })
  return response.json() as Promise<Result>
}

async function toEnd(results: AsyncIterableIterator<Result>): Promise<Result[]> {
  const all: Result[] = []
  for await (const result of results) all.push(result)
  return all
}

const training = `subscription ($id: ID!, $after: String) {
  trainingProgress(jobId: $id, after: $after) {
    cursor gap { from to missed reason } job { __typename id } status step totalSteps
    metrics { name value } points { name step value at }
  }
}`

it('streams a job over graphql-ws, resumes it on another connection, and completes', async () => {
  await publish(job.queued('job_1'), job.started('job_1'), job.progressed('job_1', 1))
  const stream = await subscribe(training, { id: 'job_1' })
  const first = (await stream.next()).value!.data.trainingProgress
  expect(first).toMatchObject({
    gap: null,
    job: { __typename: 'TrainingJob', id: 'job_1' },
    status: 'RUNNING',
    totalSteps: 100,
    metrics: [
      { name: 'loss', value: 10 },
      { name: 'tokens_per_second', value: 1001 },
    ],
  })
  await publish(job.progressed('job_1', 2))
  const second = (await stream.next()).value!.data.trainingProgress
  expect(second.points.map((point: { step: number }) => point.step)).toEqual([2, 2])
  await stream.return!()

  await publish(job.progressed('job_1', 3), job.cancelled('job_1', 3))
  const rest = await toEnd(await subscribe(training, { id: 'job_1', after: second.cursor }))
  const events = rest.map(({ data }) => data.trainingProgress)
  expect(events.flatMap(({ points }) => points.map((point: { step: number }) => point.step))).toEqual([3, 3])
  expect(events.at(-1)).toMatchObject({ status: 'CANCELLED', step: 3, gap: null })
})

it('streams a run with pointers to its jobs', async () => {
  await publish(run('run.started', 'run_1', 'RUNNING', 0))
  const query = `subscription { pipelineProgress(runId: "run_1") {
    run { id } status progress steps { name status job { id } output { id } } } }`
  const stream = await subscribe(query)
  expect((await stream.next()).value!.data.pipelineProgress).toEqual({
    run: { id: 'run_1' },
    status: 'RUNNING',
    progress: 0,
    steps: [{ name: 'pretrain', status: 'RUNNING', job: { id: 'job_1' }, output: null }],
  })
  await publish(run('run.finished', 'run_1', 'FAILED', 0.5))
  expect((await toEnd(stream)).map(({ data }) => data.pipelineProgress.status)).toEqual(['FAILED'])
})

it.each([
  ['an unknown job', 'trainingProgress(jobId: "job_none") { step }', 'NOT_FOUND', 'job_none'],
  ['an unknown run', 'pipelineProgress(runId: "run_none") { status }', 'NOT_FOUND', 'run_none'],
  ['no cursor', 'events(after: "nonsense") { id }', 'INVALID_INPUT', 'nonsense'],
  ['an unknown topic', 'events(topics: ["job.invented"]) { id }', 'INVALID_INPUT', 'job.invented'],
  ['too short an interval', 'fleetHealth(everyMs: 5) { id }', 'INVALID_INPUT', '5'],
])('answers %s with its code, and leaves the socket open', async (_, field, code, named) => {
  const client = await connect()
  const refused = client.iterate({ query: `subscription { ${field} }` }) as AsyncIterableIterator<Result>
  const { errors } = (await refused.next()).value!
  expect(errors).toMatchObject([{ message: expect.stringContaining(named), extensions: { code } }])
  const health = client.iterate({ query: 'subscription { fleetHealth(everyMs: 100) { __typename id } }' })
  expect((await health.next()).value).toEqual({ data: { fleetHealth: { __typename: 'FleetHealth', id: 'fleet' } } })
  await health.return!()
})

it('refuses whoever lacks the scope, before anything is streamed', async () => {
  await publish(job.queued('job_1'))
  const stream = await subscribe(training, { id: 'job_1' }, { ...viewer, scopes: ['events:read'] })
  expect((await stream.next()).value!.errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }])
})

it('hides the jobs and events of another project', async () => {
  const stranger = { ...viewer, project: 'other' }
  await publish(job.queued('job_1'))
  const refused = await subscribe(training, { id: 'job_1' }, stranger)
  expect((await refused.next()).value!.errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }])

  const events = await subscribe('subscription { events(topics: ["job.queued"]) { key } }', {}, stranger)
  const next = events.next()
  await until('the subscription', async () => {
    const listed = await ask('{ connections { edges { node { field } } } }', stranger)
    return listed.data.connections.edges.some(({ node }: { node: { field: string } }) => node.field === 'events')
  })
  await publish(job.queued('job_2'), job.queued('job_3', 'other'))
  expect((await next).value).toEqual({ data: { events: { key: 'job_3' } } })
})

it('remembers jobs and runs, and lists who is connected until they leave', async () => {
  await publish(job.queued('job_1'), job.started('job_1', 7), run('run.started', 'run_1', 'RUNNING', 0.25))
  await until('the read model', async () => (await database.pool.query('SELECT 1 FROM subject')).rowCount === 2)
  const { rows } = await database.pool.query('SELECT id, kind, project, status, state FROM subject ORDER BY id')
  expect(rows).toMatchObject([
    { id: 'job_1', kind: 'JOB', project: 'default', status: 'RUNNING', state: { step: 7, totalSteps: 100 } },
    { id: 'run_1', kind: 'RUN', status: 'RUNNING', state: { progress: 0.25, steps: [{ name: 'pretrain' }] } },
  ])

  const list = `{ connections(first: 5) { edges { node { principal name field subject delivered gaps behind since } } } }`
  const stream = await subscribe(training, { id: 'job_1' })
  await stream.next()
  const nodes = async () => (await ask(list)).data.connections.edges.map(({ node }: { node: object }) => node)
  expect(await nodes()).toMatchObject([
    {
      principal: 'key_1',
      name: 'viewer',
      field: 'trainingProgress',
      subject: 'job_1',
      delivered: 1,
      gaps: 0,
      behind: 0,
    },
  ])
  expect((await ask(list, { ...viewer, project: 'other' })).data.connections.edges).toEqual([])
  expect((await ask('{ connections(after: "x") { edges { cursor } } }')).errors).toMatchObject([
    { extensions: { code: 'INVALID_INPUT' } },
  ])
  await stream.return!()
  await until('an empty list', async () => (await nodes()).length === 0)
})
