import { PrismaPg } from '@prisma/adapter-pg'
import { graphql } from 'graphql'
import { expect, it } from 'vitest'
import { newId } from '../../../../kernel/ids.ts'
import { PrismaClient } from '../../../../prisma/orchestration/generated/client.ts'
import { schema } from '../../../../subgraphs/orchestration/graph.ts'
import { runPipeline } from '../../../../subgraphs/orchestration/pipelines/service.ts'
import { runStore } from '../../../../subgraphs/orchestration/runs/store.ts'
import { serviceDatabase } from '../../../support/service-database.ts'
import { admin } from '../memory.ts'

async function openStore() {
  const stack = new AsyncDisposableStack()
  const { pool } = stack.use(await serviceDatabase('orchestration'))
  const db = new PrismaClient({ adapter: new PrismaPg(pool), log: [{ emit: 'event', level: 'query' }] })
  stack.defer(() => db.$disconnect())
  const statements: string[] = []
  db.$on('query', ({ query }) => statements.push(query))
  const runs = runStore(db)
  return {
    db,
    runs,
    statements,
    parts: { runs, now: () => new Date() },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

it('reads a hundred references with one statement, and shows none of another project', async () => {
  await using store = await openStore()
  const mine = await runPipeline(store.parts, admin, { modelName: 'm' })
  const foreign = await runPipeline(store.parts, admin, { modelName: 'm', project: 'elsewhere' })
  const ids = [mine.id, foreign.id, ...Array.from({ length: 98 }, () => newId('run'))]
  store.statements.length = 0
  const { data, errors } = await graphql({
    schema,
    source: 'query ($of: [_Any!]!) { _entities(representations: $of) { ... on PipelineRun { id } } }',
    variableValues: { of: ids.map(id => ({ __typename: 'PipelineRun', id })) },
    contextValue: { ...store.parts, identity: { ...admin, project: 'default' } },
  })
  expect(errors).toBeUndefined()
  expect((data!._entities as unknown[]).filter(Boolean)).toEqual([{ id: mine.id }])
  expect(store.statements).toHaveLength(1)
})

it('loses no change when two come at once', async () => {
  await using store = await openStore()
  const { id } = await runPipeline(store.parts, admin, { modelName: 'm' })
  const bump = () => store.runs.change(id, run => ({ run: { ...run, progress: run.progress + 0.125 }, events: [] }))
  await Promise.all(Array.from({ length: 8 }, bump))
  expect(await store.runs.find(id)).toMatchObject({ progress: 1 })
})

it('writes state, events and audit entry together or not at all', async () => {
  await using store = await openStore()
  const { id } = await runPipeline(store.parts, admin, { modelName: 'm' })
  const [outbox, entries] = [await store.db.outbox.count(), await store.db.auditEntry.count()]
  const entry = (await store.db.auditEntry.findFirstOrThrow()) as never
  // The entry is there already, so the last write of the transaction fails.
  const change = store.runs.change(id, run => ({
    run: { ...run, status: 'CANCELLED' },
    events: [{ topic: 'run.cancelled', data: { runId: id } }],
    audit: entry,
  }))
  await expect(change).rejects.toThrow()
  expect(await store.runs.find(id)).toMatchObject({ status: 'QUEUED' })
  expect([await store.db.outbox.count(), await store.db.auditEntry.count()]).toEqual([outbox, entries])
})
