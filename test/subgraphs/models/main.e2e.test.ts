import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newSigningKey, openSigner, type Signer } from '../../../kernel/auth/tokens.ts'
import { openFileBlobs } from '../../../kernel/blobs/files.ts'
import type { Bus } from '../../../kernel/bus/bus.ts'
import { openBus } from '../../../kernel/bus/open.ts'
import { type Env, readEnv } from '../../../kernel/env.ts'
import { close, listen, type Serving } from '../../../kernel/serve.ts'
import { retention } from '../../../schema/events.ts'
import { startModels } from '../../../subgraphs/models/main.ts'
import { until } from '../../support/condition.ts'
import { scratchDatabase } from '../../support/scratch.ts'
import { silentLog } from '../../support/silent-log.ts'
import { completedJob, digestOf, identity } from './memory.ts'

const open = new AsyncDisposableStack()
let env: Env
let signer: Signer
let bus: Bus
let models: Serving
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'forge-models-'))
  open.defer(() => rm(folder, { recursive: true }))
  signer = await openSigner(await newSigningKey())
  const gateway = createServer((_, response) => response.end(JSON.stringify(signer.jwks)))
  open.defer(() => close(gateway))
  env = readEnv({
    PORT: '0',
    FORGE_DATA: folder,
    FORGE_EXECUTOR: 'onnx',
    GATEWAY_URL: await listen(gateway, '127.0.0.1', 0),
    MODELS_DATABASE_URL: open.use(await scratchDatabase()).url,
    BUS_URL: open.use(await scratchDatabase()).url,
  })
  bus = open.use(await openBus(env, retention, silentLog))
  models = open.use(await startModels(env, silentLog))
})
afterAll(() => open.disposeAsync())

const complete = (jobId: string, change: object) =>
  bus.publish([
    {
      id: `evt_${jobId}`,
      topic: 'job.completed',
      key: jobId,
      project: 'default',
      at: new Date().toISOString(),
      data: completedJob({ jobId, ...change }),
    },
  ])

async function announced(topic: string) {
  let data: unknown[] = []
  await until(`${topic} is published`, async () => {
    data = (await bus.read({ topics: [topic] })).map(event => event.data)
    return data.length > 0
  })
  return data
}

describe('the models service', () => {
  it('registers a completed job from the bus, announces it there, and answers for it', async () => {
    const blobs = await openFileBlobs(join(env.FORGE_DATA, 'blobs'))
    const { digest, sizeBytes } = await blobs.put(Buffer.from('weights'))
    await complete('job_good', { files: [{ path: 'model.safetensors', digest, sizeBytes }] })
    expect(await announced('version.registered')).toMatchObject([{ jobId: 'job_good', modelName: 'moby', number: 1 }])

    const response = await fetch(`${models.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${await signer.sign(identity(), 'models')}`,
      },
      body: JSON.stringify({ query: '{ modelVersion(ref: "moby@latest") { ref sizeBytes job { id } } }' }),
    })
    expect(await response.json()).toEqual({
      data: { modelVersion: { ref: 'moby/1', sizeBytes: 7, job: { id: 'job_good' } } },
    })
  })

  it('tells on the bus why a job has no version', async () => {
    await complete('job_bad', { files: [{ path: 'model.safetensors', digest: digestOf('0'), sizeBytes: 7 }] })
    expect(await announced('version.rejected')).toMatchObject([{ jobId: 'job_bad', error: { code: 'NOT_FOUND' } }])
  })

  it('reports that it is well', async () => {
    const response = await fetch(`${models.url}/health`)
    expect(await response.json()).toEqual({ status: 'ok' })
  })
})
