import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId } from '../../../kernel/ids.ts'
import { eventData } from '../../../schema/events.ts'
import { until } from '../../support/condition.ts'
import { runningTraining, tiny, trainer } from './running.ts'

let forge: Awaited<ReturnType<typeof runningTraining>>
beforeAll(async () => {
  forge = await runningTraining({ withWorker: false })
})
afterAll(() => forge[Symbol.asyncDispose]())

const codeOf = async (query: string, variables?: object) =>
  (await forge.ask(query, variables)).errors?.[0]?.extensions.code
const publish = (topic: string, key: string, data: object) =>
  forge.bus.publish([{ id: newId('evt'), topic, key, project: 'default', at: new Date().toISOString(), data }])

describe('the graph of training', () => {
  it('answers for a job, its dataset, and what it has not got yet', async () => {
    const id = await forge.startCognate({ ...tiny, modelName: 'asked', steps: 12, labels: ['night'], seed: 9 })
    const { data } = await forge.ask(
      `query ($id: ID!) { job(id: $id) { id phase status preset modelName step totalSteps progress seed config labels project
         dataset { name builtIn characters digest } metrics { name } latest { name } checkpoints { step } attempts error { code }
         createdAt startedAt } }`,
      { id },
    )
    expect(data.job).toMatchObject({
      id,
      phase: 'COGNATE',
      status: 'QUEUED',
      preset: null,
      seed: 9,
      totalSteps: 12,
      config: { batch: 4, model: { width: 32 } },
      labels: ['night'],
      dataset: { name: 'moby-dick', builtIn: true },
      metrics: [],
      checkpoints: [],
      startedAt: null,
    })
    expect(data.job.dataset.characters).toBeGreaterThan(1_200_000)

    const list = await forge.ask(
      '{ jobs(first: 1, filter: { label: "night" }) { edges { cursor node { id } } pageInfo { hasNextPage } } }',
    )
    expect(list.data.jobs).toEqual({ edges: [{ cursor: id, node: { id } }], pageInfo: { hasNextPage: false } })
  })

  it('resolves references of other services, and hides another project', async () => {
    const id = await forge.startCognate({ ...tiny, modelName: 'referred' })
    const query = 'query ($r: [_Any!]!) { _entities(representations: $r) { ... on TrainingJob { id modelName } } }'
    const representations = {
      r: [
        { __typename: 'TrainingJob', id },
        { __typename: 'TrainingJob', id: 'job_gone' },
      ],
    }
    const { data } = await forge.ask(query, representations)
    expect(data._entities).toEqual([{ id, modelName: 'referred' }, null])
    const other = await forge.ask(query, representations, { ...trainer, project: 'other' })
    expect(other.data._entities).toEqual([null, null])
  })

  it('makes a dataset of a file in its folder', async () => {
    await mkdir(join(forge.env.FORGE_DATA, 'datasets'), { recursive: true })
    await writeFile(join(forge.env.FORGE_DATA, 'datasets', 'words.txt'), 'Some words.\n'.repeat(500))
    const create = 'mutation ($input: CreateDatasetInput!) { createDataset(input: $input) { id sizeBytes builtIn } }'
    const { data } = await forge.ask(create, { input: { name: 'words', path: 'words.txt' } })
    expect(data.createDataset).toMatchObject({ sizeBytes: 6000, builtIn: false })
    const { data: named } = await forge.ask('{ dataset(id: "words") { id } }')
    expect(named.dataset.id).toBe(data.createDataset.id)
    expect(await codeOf(create, { input: { name: 'passwords', path: '../../etc/passwd' } })).toBe('INVALID_INPUT')
    await writeFile(join(forge.env.FORGE_DATA, 'datasets', 'broken.txt'), Buffer.from([0x41, 0xff]))
    expect(await codeOf(create, { input: { name: 'broken', path: 'broken.txt' } })).toBe('INVALID_INPUT')

    const { data: deleted } = await forge.ask('mutation { deleteDataset(id: "words") { id } }')
    expect(deleted.deleteDataset).toEqual({ id: data.createDataset.id })
    const { data: left } = await forge.ask('{ datasets { edges { node { name } } } }')
    expect(left.datasets.edges).toEqual([{ node: { name: 'moby-dick' } }])
  })

  it.each([
    ['an unknown job', '{ job(id: "job_nothing") { id } }', 'NOT_FOUND'],
    ['an unknown dataset', '{ dataset(id: "ds_nothing") { id } }', 'NOT_FOUND'],
    ['a cursor that is none', '{ jobs(after: "nonsense") { edges { cursor } } }', 'INVALID_INPUT'],
    [
      'a model name with a space',
      'mutation { startCognate(input: { modelName: "my model" }) { id } }',
      'INVALID_INPUT',
    ],
    ['too few points', '{ jobs { edges { node { metrics(maxPoints: 1) { name } } } } }', 'INVALID_INPUT'],
  ])('answers %s with its code', async (_what, query, code) => {
    expect(await codeOf(query)).toBe(code)
  })

  it('asks for the scope that a field needs', async () => {
    const reader = { ...trainer, scopes: ['training:read'] as const }
    const refused = await forge.ask('mutation { startCognate(input: {}) { id } }', {}, reader)
    expect(refused.errors).toMatchObject([
      { extensions: { code: 'FORBIDDEN' }, message: expect.stringContaining('startCognate') },
    ])
  })
})

describe('a pipeline', () => {
  const step = { stepName: 'cognate', phase: 'COGNATE', dataset: null, preset: 'NANO', seed: 5, principal: 'key_1' }

  it('gets its job, once, and the job ends with the run', async () => {
    const request = { ...step, runId: 'run_1', modelName: 'piped', config: { ...tiny, steps: 6 } }
    await publish('step.requested', 'run_1', request)
    await publish('step.requested', 'run_1', request)
    await publish('run.cancelled', 'run_1', { runId: 'run_1' })
    await until('the job is cancelled', async () => (await forge.bus.read({ topics: ['job.cancelled'] })).length > 0)

    const { data } = await forge.ask(
      '{ jobs(filter: { runId: "run_1" }) { edges { node { status stepName totalSteps } } } }',
    )
    expect(data.jobs.edges).toEqual([{ node: { status: 'CANCELLED', stepName: 'cognate', totalSteps: 6 } }])
  })

  it('hears why there can be no job', async () => {
    await publish('step.requested', 'run_2', { ...step, runId: 'run_2', modelName: 'm', phase: 'ADAS', config: {} })
    await until('it is rejected', async () => (await forge.bus.read({ topics: ['step.rejected'] })).length > 0)
    const [event] = await forge.bus.read({ topics: ['step.rejected'] })
    expect(eventData('step.rejected', event!.data)).toMatchObject({
      runId: 'run_2',
      error: { code: 'INVALID_INPUT', message: expect.stringContaining('ADAS') },
    })
  })
})
