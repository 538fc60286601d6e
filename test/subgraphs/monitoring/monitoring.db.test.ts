import { type ExecutionResult, execute, parse } from 'graphql'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Identity, roles } from '../../../kernel/auth/identity.ts'
import { openPrisma } from '../../../kernel/database/prisma.ts'
import { newId } from '../../../kernel/ids.ts'
import { PrismaClient } from '../../../prisma/monitoring/generated/client.ts'
import { type EventData, eventData, type Topic } from '../../../schema/events.ts'
import { fleetId } from '../../../schema/values.ts'
import { followEvent } from '../../../subgraphs/monitoring/events.ts'
import { fleetStore } from '../../../subgraphs/monitoring/fleet/store.ts'
import { schema } from '../../../subgraphs/monitoring/graph.ts'
import { jobStore } from '../../../subgraphs/monitoring/jobs/store.ts'
import { monitoringLoaders } from '../../../subgraphs/monitoring/loaders.ts'
import { instanceStore } from '../../../subgraphs/monitoring/services/store.ts'
import { serviceDatabase } from '../../support/service-database.ts'

let database: Awaited<ReturnType<typeof serviceDatabase>>
let db: ReturnType<typeof openPrisma<PrismaClient>>
let parts: Parameters<typeof followEvent>[0]
let now = new Date('2026-01-31T12:00:00Z')
let statements: string[]

const viewer: Identity = { principal: 'key_1', name: 'v', project: 'default', scopes: roles.viewer }
const admin: Identity = { ...viewer, project: '*' }

beforeEach(async () => {
  now = new Date('2026-01-31T12:00:00Z')
  statements = []
  database = await serviceDatabase('monitoring')
  database.pool.on('connect', client => {
    const query = client.query.bind(client) as (...given: unknown[]) => unknown
    const counted = (config: string | { text: string }, ...rest: unknown[]) => {
      statements.push(typeof config === 'string' ? config : config.text)
      return query(config, ...rest)
    }
    Object.assign(client, { query: counted })
  })
  db = openPrisma(PrismaClient, database.pool)
  parts = { instances: instanceStore(db), fleet: fleetStore(db), jobs: jobStore(db), now: () => now }
})

afterEach(async () => {
  await db[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
})

const happens = <T extends Topic>(topic: T, key: string, data: EventData<T>, project = 'default') =>
  followEvent(parts, {
    id: newId('evt'),
    topic,
    key,
    project,
    at: now.toISOString(),
    data: eventData(topic, data),
    position: '1',
  })

async function ask(source: string, identity = viewer, variableValues = {}): Promise<ExecutionResult> {
  const contextValue = { identity, ...parts, loaders: monitoringLoaders(parts, identity) }
  return execute({ schema, document: parse(source), contextValue, variableValues })
}

const origin = { runId: null, stepName: null }

const nodeReport = (nodeId: string, jobIds: string[] = []): EventData<'node.reported'> => ({
  nodeId,
  name: nodeId,
  cores: 2,
  memoryBytes: 8e9,
  memoryFreeBytes: 4e9,
  load: 0.5,
  slots: 2,
  jobIds,
  executors: ['onnx'],
  jobMemoryBytes: 7e9,
  labels: ['node=here', 'gpu'],
  everyMs: 2_000,
})

const serviceReport = (instance: string, startedAt = now): EventData<'service.reported'> => ({
  service: 'models',
  instance,
  url: 'http://127.0.0.1:4002',
  version: '0.1.0',
  startedAt: startedAt.toISOString(),
  residentBytes: 12e9,
  cpu: 0.25,
  eventLoopLagMs: 4,
  everyMs: 2_000,
})

async function startJob(jobId: string, nodeId: string, project = 'default') {
  const queued = { jobId, phase: 'COGNATE', modelName: 'm', totalSteps: 100, seed: 1, ...origin } as const
  await happens('job.queued', jobId, queued, project)
  const started = { jobId, attempt: 1, nodeId, executor: 'onnx', step: 0, totalSteps: 100, ...origin }
  await happens('job.started', jobId, started, project)
}

const progress = (jobId: string, step: number, speed: number): EventData<'job.progressed'> => ({
  jobId,
  attempt: 1,
  step,
  totalSteps: 100,
  points: [
    { name: 'tokens_per_second', value: speed - 1, step: step - 1, at: now.toISOString() },
    { name: 'tokens_per_second', value: speed, step, at: now.toISOString() },
    { name: 'loss', value: 2, step, at: now.toISOString() },
  ],
  ...origin,
})

const fleet = `{ fleet { id status reasons at slotsTotal slotsUsed tokensPerSecond progress
  nodes { id status jobs { id } } services { healthy degraded down }
  jobs { queued running paused completed failed cancelled } } }`

describe('monitoring', () => {
  it('tells the state of the fleet from what was reported', async () => {
    await happens('service.reported', 'svc_1', serviceReport('svc_1'), '*')
    await happens('node.reported', 'node_a', nodeReport('node_a', ['job_1']), '*')
    await startJob('job_1', 'node_a')
    await happens('job.progressed', 'job_1', progress('job_1', 40, 900))
    await happens('job.queued', 'job_2', {
      jobId: 'job_2',
      phase: 'COGNATE',
      modelName: 'm',
      totalSteps: 100,
      seed: 1,
      ...origin,
    })

    expect(await ask(fleet)).toEqual({
      data: {
        fleet: {
          id: fleetId,
          status: 'HEALTHY',
          reasons: [],
          at: now.toISOString(),
          slotsTotal: 2,
          slotsUsed: 1,
          tokensPerSecond: 900,
          progress: 0.2,
          nodes: [{ id: 'node_a', status: 'HEALTHY', jobs: [{ id: 'job_1' }] }],
          services: { healthy: 1, degraded: 0, down: 0 },
          jobs: { queued: 1, running: 1, paused: 0, completed: 0, failed: 0, cancelled: 0 },
        },
      },
    })
  })

  it('answers a reference to the fleet with one statement', async () => {
    await happens('node.reported', 'node_a', nodeReport('node_a'), '*')
    statements.length = 0
    const query = 'query ($r: [_Any!]!) { _entities(representations: $r) { ... on FleetHealth { id nodes { id } } } }'
    const result = await ask(query, viewer, { r: [{ __typename: 'FleetHealth', id: fleetId }] })
    expect(result).toEqual({ data: { _entities: [{ id: fleetId, nodes: [{ id: 'node_a' }] }] } })
    expect(statements).toHaveLength(1)
  })

  it('gives the machine of many jobs in two statements', async () => {
    await happens('node.reported', 'node_a', nodeReport('node_a'), '*')
    const ids = Array.from({ length: 20 }, (_, index) => `job_${index}`)
    for (const id of ids) await startJob(id, 'node_a')
    statements.length = 0

    const query =
      'query ($r: [_Any!]!) { _entities(representations: $r) { ... on TrainingJob { node { name status } } } }'
    const result = await ask(query, viewer, { r: ids.map(id => ({ __typename: 'TrainingJob', id })) })
    expect(result.data!._entities).toEqual(ids.map(() => ({ node: { name: 'node_a', status: 'HEALTHY' } })))
    expect(statements).toHaveLength(2)
  })

  it('shows nobody the jobs of another project', async () => {
    await happens('node.reported', 'node_a', nodeReport('node_a', ['job_1']), '*')
    await startJob('job_1', 'node_a', 'secret')
    await happens('job.progressed', 'job_1', progress('job_1', 40, 900), 'secret')

    const seen = (await ask(fleet)).data!.fleet
    expect(seen).toMatchObject({ tokensPerSecond: 0, progress: null, slotsUsed: 1, nodes: [{ jobs: [] }] })
    expect((await ask(fleet, admin)).data!.fleet).toMatchObject({ nodes: [{ jobs: [{ id: 'job_1' }] }] })

    const node = 'query ($r: [_Any!]!) { _entities(representations: $r) { ... on TrainingJob { node { id } } } }'
    const of = { r: [{ __typename: 'TrainingJob', id: 'job_1' }] }
    expect((await ask(node, viewer, of)).data!._entities).toEqual([{ node: null }])
    expect((await ask(node, admin, of)).data!._entities).toEqual([{ node: { id: 'node_a' } }])
  })

  it('shows a killed process as DOWN until one that started later has taken its place', async () => {
    await happens('service.reported', 'svc_1', serviceReport('svc_1'), '*')
    now = new Date(now.getTime() + 10_000)
    expect((await ask('{ services { instance status memoryBytes } }')).data).toEqual({
      services: [{ instance: 'svc_1', status: 'DOWN', memoryBytes: 12e9 }],
    })

    await happens('service.reported', 'svc_2', serviceReport('svc_2'), '*')
    expect((await ask('{ services { instance status } }')).data).toEqual({
      services: [{ instance: 'svc_2', status: 'HEALTHY' }],
    })
  })

  it('keeps a silent process in the list when the new one is only another replica', async () => {
    await happens('service.reported', 'svc_1', serviceReport('svc_1'), '*')
    const earlier = new Date(now.getTime() - 60_000)
    now = new Date(now.getTime() + 10_000)
    await happens('service.reported', 'svc_2', serviceReport('svc_2', earlier), '*')
    expect((await ask('{ services { instance status } }')).data).toEqual({
      services: [
        { instance: 'svc_2', status: 'HEALTHY' },
        { instance: 'svc_1', status: 'DOWN' },
      ],
    })
  })

  it('forgets a process that said goodbye, and keeps a machine that did for the jobs that ran there', async () => {
    await happens('service.reported', 'svc_1', serviceReport('svc_1'), '*')
    await happens('service.left', 'svc_1', { service: 'models', instance: 'svc_1' }, '*')
    await happens('node.reported', 'node_a', nodeReport('node_a'), '*')
    await startJob('job_1', 'node_a')
    await happens('node.left', 'node_a', { nodeId: 'node_a' }, '*')

    expect((await ask('{ services { instance } fleet { nodes { id } } }')).data).toEqual({
      services: [],
      fleet: { nodes: [] },
    })
    const node = 'query ($r: [_Any!]!) { _entities(representations: $r) { ... on TrainingJob { node { id status } } } }'
    expect((await ask(node, viewer, { r: [{ __typename: 'TrainingJob', id: 'job_1' }] })).data!._entities).toEqual([
      { node: { id: 'node_a', status: 'DOWN' } },
    ])
  })

  it('ends in the same state when the last events come again', async () => {
    const events = async () => {
      await startJob('job_1', 'node_a')
      await happens('job.progressed', 'job_1', progress('job_1', 40, 900))
      await happens('job.paused', 'job_1', { jobId: 'job_1', step: 41, totalSteps: 100, ...origin })
    }
    await events()
    const before = await db.jobProgress.findMany()
    await events()
    expect(await db.jobProgress.findMany()).toEqual(before)
    expect(before).toMatchObject([{ status: 'PAUSED', step: 41, nodeId: 'node_a', tokensPerSecond: 900 }])
  })

  it('refuses an identity without the scope', async () => {
    const result = await ask('{ services { instance } }', { ...viewer, scopes: ['training:read'] })
    expect(result.data).toEqual({ services: null })
    expect(result.errors![0]!.originalError).toMatchObject({ code: 'FORBIDDEN' })
  })
})
