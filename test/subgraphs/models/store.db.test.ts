import { PrismaPg } from '@prisma/adapter-pg'
import { createYoga } from 'graphql-yoga'
import type { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Blobs } from '../../../kernel/blobs/blobs.ts'
import { PrismaClient } from '../../../prisma/models/generated/client.ts'
import { aliasStore } from '../../../subgraphs/models/aliases/store.ts'
import { schema } from '../../../subgraphs/models/graph.ts'
import { modelsLoaders } from '../../../subgraphs/models/loaders.ts'
import { storedParts } from '../../../subgraphs/models/parts.ts'
import type { CompletedJob } from '../../../subgraphs/models/registration/ports.ts'
import { registerVersion } from '../../../subgraphs/models/registration/service.ts'
import { registrationStore } from '../../../subgraphs/models/registration/store.ts'
import type { Page } from '../../../subgraphs/models/registry/ports.ts'
import { registryStore } from '../../../subgraphs/models/registry/store.ts'
import { versionStore } from '../../../subgraphs/models/versions/store.ts'
import { serviceDatabase } from '../../support/service-database.ts'
import { completedJob, digestOf, echoGenerators, identity, modelsInMemory } from './memory.ts'

let scratch: { pool: Pool } & AsyncDisposable
let db: PrismaClient
let statements: string[] = []
beforeAll(async () => {
  scratch = await serviceDatabase('models')
  const logged = new PrismaClient({ adapter: new PrismaPg(scratch.pool), log: [{ emit: 'event', level: 'query' }] })
  logged.$on('query', ({ query }) => statements.push(query))
  db = logged
})
afterAll(async () => {
  await db.$disconnect()
  await scratch[Symbol.asyncDispose]()
})

const { artifacts, signer } = modelsInMemory()
const present = async () => true
function partsOf() {
  const blobs = { find: async () => null } as unknown as Blobs
  return {
    ...storedParts({ db, blobs, signer, undoMs: 1000 }),
    registrations: registrationStore(db, present),
    artifacts,
  }
}
const register = (change: Partial<CompletedJob>, project = 'default') =>
  registerVersion(partsOf(), project, completedJob(change), new Date())

function ask(query: string, variables: object = {}) {
  const parts = { ...partsOf(), ...echoGenerators() }
  const context = { ...parts, identity: identity(), loaders: modelsLoaders(parts, identity()) }
  const yoga = createYoga({ schema, logging: false, maskedErrors: false, context })
  const body = JSON.stringify({ query, variables })
  const headers = { 'content-type': 'application/json' }
  return Promise.resolve(yoga.fetch('http://models/graphql', { method: 'POST', headers, body })).then(r => r.json())
}

const eventAbout = (key: string) =>
  ({ id: `evt_${key}`, topic: 'alias.moved', key, project: 'default', at: new Date(), data: {} }) as const

describe('registrations in PostgreSQL', () => {
  it('number the versions of one name without gap or double, however many come at once', async () => {
    await Promise.all(Array.from({ length: 8 }, (_, n) => register({ jobId: `job_many_${n}`, modelName: 'many' })))
    const rows = await db.version.findMany({ where: { model: { name: 'many' } }, orderBy: { number: 'asc' } })
    expect(rows.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect((await db.model.findFirstOrThrow({ where: { name: 'many' } })).newest).toBe(8)
  })

  it('make one version and one event of a job that several processes were given', async () => {
    await Promise.all(Array.from({ length: 5 }, () => register({ jobId: 'job_once', modelName: 'once' })))
    const rows = await db.version.findMany({ where: { jobId: 'job_once' }, include: { files: true } })
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({ number: 1, sizeBytes: 4012n, parameterCount: 1_000_000n })
    expect(rows[0].files).toHaveLength(2)
    expect(await db.outbox.count({ where: { key: rows[0].id, topic: 'version.registered' } })).toBe(1)
    expect((await db.model.findFirstOrThrow({ where: { name: 'once' } })).newest).toBe(1)
  })

  it('keep nothing of a job that is rejected but the event, once', async () => {
    const files = [{ path: 'a', digest: digestOf('0'), sizeBytes: 1 }]
    await register({ jobId: 'job_bad', modelName: 'bad', files })
    await register({ jobId: 'job_bad', modelName: 'bad', files })
    expect(await db.model.count({ where: { name: 'bad' } })).toBe(0)
    expect(await db.outbox.count({ where: { key: 'job_bad', topic: 'version.rejected' } })).toBe(1)
  })

  it('keep models of one name apart by project', async () => {
    await register({ jobId: 'job_here', modelName: 'twice' }, 'here')
    await register({ jobId: 'job_there', modelName: 'twice' }, 'there')
    const registry = registryStore(db)
    expect((await registry.find('here', 'twice'))?.id).not.toBe((await registry.find('there', 'twice'))?.id)
  })
})

describe('reading from PostgreSQL', () => {
  it('gives back what was registered', async () => {
    await register({ jobId: 'job_full', modelName: 'full' })
    const [version] = await versionStore(db).ofJobs(['job_full'])
    const job = completedJob()
    expect(version).toMatchObject({
      phase: 'COGNATE',
      jobId: 'job_full',
      architecture: job.architecture,
      metrics: job.metrics,
      dataset: job.dataset,
      parentIds: [],
    })
    expect(await versionStore(db).files([version.id])).toMatchObject([
      { path: 'config.json' },
      { path: 'model.safetensors' },
    ])
  })

  it('answers 100 entities in one statement', async () => {
    await Promise.all(
      Array.from({ length: 10 }, (_, n) => register({ jobId: `job_bulk_${n}`, modelName: `bulk-${n}` })),
    )
    const versions = await db.version.findMany({ where: { model: { name: { startsWith: 'bulk-' } } } })
    const keys = Array.from({ length: 100 }, (_, n) => versions[n]?.id ?? `mv_${n}`)
    const query = (type: string, field: string) =>
      `query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on ${type} { ${field} } } }`

    statements = []
    const byId = await ask(query('ModelVersion', 'id number digest'), {
      representations: keys.map(id => ({ __typename: 'ModelVersion', id })),
    })
    expect(byId.errors).toBeUndefined()
    expect(byId.data._entities.filter(Boolean)).toHaveLength(10)
    expect(statements).toHaveLength(1)

    statements = []
    const byJob = await ask(query('TrainingJob', 'output { id }'), {
      representations: keys.map((_, n) => ({ __typename: 'TrainingJob', id: `job_bulk_${n}` })),
    })
    expect(byJob.data._entities.filter((job: { output: unknown }) => job.output)).toHaveLength(10)
    expect(statements).toHaveLength(1)

    statements = []
    const joined = await ask(
      '{ models(first: 10, filter: { nameContains: "bulk-" }) { edges { node { aliases { name } latest { ref files { path } } } } } }',
    )
    expect(joined.data.models.edges).toHaveLength(10)
    // Models, their newest versions, aliases, files, and the models again for `ref`.
    expect(statements.length).toBeLessThanOrEqual(5)
  })

  it('moves an alias and takes it away', async () => {
    await register({ jobId: 'job_alias', modelName: 'aliased' })
    const aliases = aliasStore(db)
    const versions = versionStore(db)
    const [{ id: versionId, modelId }] = await versions.ofJobs(['job_alias'])
    const moved = (previous: string | null) => eventAbout(`${previous}`)
    await aliases.point({ modelId, name: 'good', versionId }, undefined, moved)
    await aliases.point({ modelId, name: 'good', versionId }, versionId, moved)
    expect((await versions.aliased(modelId, 'good'))?.id).toBe(versionId)
    expect(await aliases.remove(modelId, 'good', moved)).toBe(true)
    expect(await aliases.remove(modelId, 'good', moved)).toBe(false)
    expect(await db.outbox.findMany({ where: { topic: 'alias.moved' }, select: { key: true } })).toEqual([
      { key: 'null' },
      { key: versionId },
    ])
  })

  it('finds a part of a name as it is written, also with the signs that LIKE has a meaning for', async () => {
    for (const modelName of ['like_one', 'like-two']) await register({ jobId: `job_${modelName}`, modelName })
    const named = async (nameContains: string) => {
      const { data } = await ask('query ($f: ModelFilter) { models(filter: $f) { edges { node { name } } } }', {
        f: { nameContains },
      })
      return data.models.edges.map((edge: { node: { name: string } }) => edge.node.name)
    }
    expect(await named('like_')).toEqual(['like_one'])
    expect(await named('%')).toEqual([])
    expect(await named('\\')).toEqual([])
  })

  it('filters by versions also where thousands fit each condition, and pages through what it finds', async () => {
    await db.$executeRaw`
      INSERT INTO model (id, project, name, newest)
      SELECT 'model_wide' || m, 'wide', 'wide-' || m, 900 FROM generate_series(1, 5) AS m`
    await db.$executeRaw`
      INSERT INTO version (id, model_id, number, project, phase, parameter_count, size_bytes, digest, architecture, metrics, parent_ids)
      SELECT 'mv_wide' || m || '_' || n, 'model_wide' || m, n, 'wide', CASE WHEN m = 4 THEN 'COGNATE' ELSE 'BITNET' END,
        1, 1, '', '{}', '[]', ARRAY[]::text[]
      FROM generate_series(1, 5) AS m, generate_series(1, 900) AS n`
    // In the second model the two never meet in one version.
    await db.$executeRaw`
      INSERT INTO metric (version_id, name, value)
      SELECT 'mv_wide' || m || '_' || n, metric, n FROM generate_series(1, 5) AS m, generate_series(1, 900) AS n,
        unnest(ARRAY['first', 'second']) AS metric
      WHERE m <> 2 OR (n <= 450) = (metric = 'first')`
    const metrics = ['first', 'second'].map(name => ({ name, atLeast: 1 }))
    const named = async (filter: object, page: Partial<Page> = {}) =>
      (await registryStore(db).list({ project: 'wide', ...filter }, { limit: 2, inverted: false, ...page })).map(
        ({ name }) => name,
      )
    expect(await named({ metrics })).toEqual(['wide-5', 'wide-4'])
    expect(await named({ metrics }, { after: 'model_wide4' })).toEqual(['wide-3', 'wide-1'])
    expect(await named({ metrics }, { inverted: true })).toEqual(['wide-1', 'wide-3'])
    expect(await named({ metrics, phase: 'BITNET' })).toEqual(['wide-5', 'wide-3'])
    expect(await named({ metrics, nameContains: 'e-3' })).toEqual(['wide-3'])
    expect(await named({ metrics, project: 'elsewhere' })).toEqual([])
    await db.$executeRaw`UPDATE version SET deleted_at = now() WHERE model_id = 'model_wide5'`
    expect(await named({ metrics })).toEqual(['wide-4', 'wide-3'])
  })

  it('pages through the versions of a model, newest first', async () => {
    for (const n of [1, 2, 3]) await register({ jobId: `job_page_${n}`, modelName: 'paged' })
    const page =
      'query ($after: String) { model(name: "paged") { versions(first: 2, after: $after) { edges { node { number } } pageInfo { endCursor hasNextPage } } } }'
    const first = (await ask(page)).data.model.versions
    expect(first.edges.map((edge: { node: { number: number } }) => edge.node.number)).toEqual([3, 2])
    const rest = (await ask(page, { after: first.pageInfo.endCursor })).data.model.versions
    expect(rest).toMatchObject({ edges: [{ node: { number: 1 } }], pageInfo: { hasNextPage: false } })
  })
})
