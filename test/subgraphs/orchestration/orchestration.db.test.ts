import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { roles } from '../../../kernel/auth/identity.ts'
import { newId } from '../../../kernel/ids.ts'
import { until } from '../../support/condition.ts'
import { admin } from './memory.ts'
import { serveOrchestration } from './served.ts'

let served: Awaited<ReturnType<typeof serveOrchestration>>
beforeAll(async () => {
  served = await serveOrchestration()
})
afterAll(() => served[Symbol.asyncDispose]())

const gateway = { principal: 'service:gateway', name: 'gateway', project: '*', scopes: ['identity:write' as const] }
const viewer = { principal: 'key_viewer', name: 'viewer', project: 'default', scopes: roles.viewer }
const of = (project: string) => ({ ...admin, project })
const runFields =
  'id status progress modelName steps { name status job { id } output { id } error { code } } finishedAt'

async function run(variables: object, identity = admin) {
  const { data, errors } = await served.ask(
    identity,
    `mutation ($input: RunPipelineInput!) { runPipeline(input: $input) { ${runFields} } }`,
    { input: variables },
  )
  expect(errors).toBeUndefined()
  return data.runPipeline
}
const publish = (topic: string, data: object) =>
  served.bus.publish([{ id: newId('evt'), topic, key: 'job', project: 'default', at: new Date().toISOString(), data }])

describe('pipelines', () => {
  it('publish the request for a step, and follow its events to the registered version', async () => {
    const { id } = await run({ modelName: 'moby' })
    await until('step.requested', async () => {
      const events = await served.bus.read({ topics: ['run.started', 'step.requested'], key: id })
      return events.map(event => event.topic).join() === 'run.started,step.requested'
    })

    const jobId = newId('job')
    const origin = { jobId, runId: id, stepName: 'cognate', totalSteps: 10 }
    await publish('job.queued', { ...origin, phase: 'COGNATE', modelName: 'moby', seed: 42 })
    await publish('version.registered', {
      jobId,
      versionId: 'mv_1',
      modelId: 'model_1',
      modelName: 'moby',
      number: 1,
      phase: 'COGNATE',
      digest: 'sha256:0',
      sizeBytes: 1,
    })
    await until('the run is completed', async () => {
      const { data } = await served.ask(viewer, `query ($id: ID!) { pipelineRun(id: $id) { ${runFields} } }`, { id })
      return data.pipelineRun.status === 'COMPLETED'
    })
    const { data } = await served.ask(viewer, `query ($id: ID!) { pipelineRun(id: $id) { ${runFields} } }`, { id })
    expect(data.pipelineRun).toMatchObject({
      progress: 1,
      steps: [{ name: 'cognate', status: 'COMPLETED', job: { id: jobId }, output: { id: 'mv_1' }, error: null }],
    })
    await until('run.finished', async () => (await served.bus.read({ topics: ['run.finished'], key: id })).length === 1)
  })

  it('make one run of many concurrent requests with the same idempotency key', async () => {
    const runs = await Promise.all(Array.from({ length: 8 }, () => run({ modelName: 'moby', idempotencyKey: 'eight' })))
    expect(new Set(runs.map(({ id }) => id)).size).toBe(1)
  })

  it('compare the config of a repeated request as a value', async () => {
    const query = (config: string) =>
      `mutation { runPipeline(input: { modelName: "m", idempotencyKey: "config", config: ${config} }) { id } }`
    const first = await served.ask(admin, query('{ a: { b: [1, { c: 2 }] }, d: 1 }'))
    const again = await served.ask(admin, query('{ d: 1, a: { b: [1, { c: 2 }] } }'))
    expect(again).toEqual(first)
    const other = await served.ask(admin, query('{ d: 2 }'))
    expect(other.errors).toMatchObject([{ extensions: { code: 'CONFLICT' } }])
  })

  it('cancel a run and keep it so', async () => {
    const { id } = await run({ modelName: 'moby' })
    const cancel = `mutation ($id: ID!) { cancelRun(id: $id) { status } }`
    expect((await served.ask(admin, cancel, { id })).data.cancelRun.status).toBe('CANCELLED')
    expect((await served.ask(admin, cancel, { id })).errors).toMatchObject([{ extensions: { code: 'CONFLICT' } }])
    await until(
      'run.cancelled',
      async () => (await served.bus.read({ topics: ['run.cancelled'], key: id })).length === 1,
    )
  })

  it('list newest first, page by page, within the project of who asks', async () => {
    const made = []
    for (let index = 0; index < 5; index++) made.push((await run({ modelName: 'm' }, of('paged'))).id)
    const page = async (after: string | null) =>
      (
        await served.ask(
          of('paged'),
          'query ($after: String) { pipelineRuns(first: 2, after: $after) { nodes: edges { node { id } } pageInfo { endCursor hasNextPage } } }',
          { after },
        )
      ).data.pipelineRuns
    const seen: string[] = []
    let after: string | null = null
    do {
      const { nodes, pageInfo } = await page(after)
      seen.push(...nodes.map((edge: { node: { id: string } }) => edge.node.id))
      after = pageInfo.hasNextPage ? pageInfo.endCursor : null
    } while (after)
    expect(seen).toEqual(made.reverse())
    const wrong = await served.ask(admin, '{ pipelineRuns(after: "nonsense") { pageInfo { hasNextPage } } }')
    expect(wrong.errors).toMatchObject([{ extensions: { code: 'INVALID_INPUT' } }])
  })
})

describe('identities', () => {
  it('say who is asking', async () => {
    const { data } = await served.ask(viewer, '{ viewer { principal name role project scopes } }')
    expect(data.viewer).toEqual({ ...viewer, role: 'VIEWER', scopes: [...viewer.scopes] })
  })

  it('refuse who is not signed, or lacks the scope', async () => {
    const unsigned = await served.ask(undefined, '{ viewer { name } }')
    expect(unsigned.errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])
    for (const query of [
      '{ apiKeys { pageInfo { hasNextPage } } }',
      '{ auditLog { pageInfo { hasNextPage } } }',
      'mutation { createLoginCode { code } }',
      'mutation { createApiKey(input: { name: "n", role: ADMIN }) { key } }',
      'mutation { runPipeline(input: { modelName: "m" }) { id } }',
    ]) {
      const { errors } = await served.ask(viewer, query)
      expect(errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }])
    }
  })

  it('verify the admin key of the data folder for the gateway alone', async () => {
    const key = (await readFile(join(served.folder, 'admin-key'), 'utf8')).trim()
    const verified = await served.post('/identity/verify', { key }, gateway)
    expect(verified.status).toBe(200)
    expect(await verified.json()).toMatchObject({ identity: { project: '*', scopes: roles.admin }, expiresAt: null })

    expect((await served.post('/identity/verify', { key: 'forge_wrong' }, gateway)).status).toBe(401)
    expect((await served.post('/identity/verify', {}, gateway)).status).toBe(400)
    expect((await served.post('/identity/verify', { key: 'x'.repeat(10_000) }, gateway)).status).toBe(400)
    expect((await served.post('/identity/verify', { key })).status).toBe(403)
    expect((await served.post('/identity/verify', { key }, viewer)).status).toBe(403)
    expect((await served.post('/identity/verify', { key }, gateway, 'models')).status).toBe(403)
  })

  it('open a session for the login code of the start, once', async () => {
    const both = await Promise.all(
      [1, 2].map(() => served.post('/identity/login', { code: served.service.loginCode }, gateway)),
    )
    expect(both.map(({ status }) => status).sort()).toEqual([200, 401])
    const { key } = (await both.find(({ ok }) => ok)!.json()) as { key: string }
    expect((await served.post('/identity/verify', { key }, gateway)).status).toBe(200)
  })

  it('are made, listed and revoked by admins', async () => {
    const made = await served.ask(
      admin,
      'mutation { createApiKey(input: { name: "ci", role: TRAINER, expiresInSeconds: 60 }) { key apiKey { id role project } } }',
    )
    const { key, apiKey } = made.data.createApiKey
    expect(apiKey).toMatchObject({ role: 'TRAINER', project: 'default' })
    expect((await served.post('/identity/verify', { key }, gateway)).status).toBe(200)
    const listed = await served.ask(admin, '{ apiKeys(first: 1) { edges { node { id prefix lastUsedAt } } } }')
    expect(listed.data.apiKeys.edges).toMatchObject([{ node: { id: apiKey.id, prefix: key.slice(0, 12) } }])
    const holder = { ...admin, principal: apiKey.id }
    expect((await served.ask(holder, '{ viewer { principal } }')).data.viewer.principal).toBe(apiKey.id)
    await served.ask(admin, 'mutation ($id: ID!) { revokeApiKey(id: $id) { revokedAt } }', { id: apiKey.id })
    expect((await served.post('/identity/verify', { key }, gateway)).status).toBe(401)

    // Every process hears of it, and none takes what the gateway signed for it before.
    const told = () => served.bus.read({ topics: ['key.revoked'], key: apiKey.id })
    await until('key.revoked', async () => (await told()).length === 1, 60_000)
    expect(await told()).toMatchObject([{ project: 'default', data: { keyId: apiKey.id } }])
    const code = async () => (await served.ask(holder, '{ viewer { principal } }')).errors?.[0]?.extensions.code
    await until('its identity is refused', async () => (await code()) === 'UNAUTHENTICATED', 60_000)
  })
})

describe('the audit log', () => {
  it('records who did what to what', async () => {
    const { id } = await run({ modelName: 'm' })
    const { data } = await served.ask(admin, '{ auditLog(first: 1) { edges { node { principal action subject } } } }')
    expect(data.auditLog.edges).toEqual([{ node: { principal: 'key_admin', action: 'run.created', subject: id } }])
  })

  it('can be neither changed nor emptied, not even in the database', async () => {
    const client = new Client({ connectionString: served.database.url })
    await client.connect()
    for (const sql of ['DELETE FROM audit_entry', 'TRUNCATE audit_entry', "UPDATE audit_entry SET principal = 'x'"]) {
      await expect(client.query(sql)).rejects.toThrow('append-only')
    }
    await client.end()
  })
})
