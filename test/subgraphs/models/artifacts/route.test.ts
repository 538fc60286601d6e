import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Identity } from '../../../../kernel/auth/identity.ts'
import type { Blobs } from '../../../../kernel/blobs/blobs.ts'
import { openFileBlobs } from '../../../../kernel/blobs/files.ts'
import { unauthenticated } from '../../../../kernel/errors.ts'
import { close, listen } from '../../../../kernel/serve.ts'
import { signedLink } from '../../../../subgraphs/models/artifacts/link.ts'
import { artifactRoute } from '../../../../subgraphs/models/artifacts/route.ts'
import { registerVersion } from '../../../../subgraphs/models/registration/service.ts'
import { silentLog } from '../../../support/silent-log.ts'
import { completedJob, digestOf, identity, modelsInMemory, testSigner } from '../memory.ts'

let clock = new Date()
const weights = Buffer.from('Call me Ishmael. '.repeat(20_000))
const identities: Record<string, Identity> = {
  all: identity(),
  stranger: identity('other'),
  blind: { ...identity(), scopes: [] },
}

describe('the files of a version, over HTTP', () => {
  const open = new AsyncDisposableStack()
  let folder: string
  let blobs: Blobs
  let url: string
  let digest: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'forge-artifacts-'))
    open.defer(() => rm(folder, { recursive: true }))
    blobs = await openFileBlobs(folder)
    digest = (await blobs.put(weights)).digest
    const models = modelsInMemory()
    models.stored.set(digest, { sizeBytes: weights.length })
    const files = [
      { path: 'weights/model.safetensors', digest, sizeBytes: weights.length },
      { path: 'config.json', digest: digestOf('b'), sizeBytes: 12 },
    ]
    await registerVersion(models, 'default', completedJob({ files }), new Date(0))

    const verify = async (authorization?: string | null) => {
      const who = identities[authorization ?? '']
      if (!who) throw unauthenticated('Who are you?')
      return who
    }
    const route = artifactRoute(
      { versions: models.versions, blobs, signer: testSigner, now: () => clock },
      verify,
      silentLog,
    )
    const server = createServer(async (request, response) => {
      if (!(await route(request, response))) response.writeHead(204).end()
    })
    url = await listen(server, '127.0.0.1', 0)
    open.defer(() => close(server))
  })
  afterAll(() => open.disposeAsync())

  const ask = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    fetch(`${url}${path}`, { method, headers: { authorization: 'all', ...headers } })
  const file = '/artifacts/mv_1/weights/model.safetensors'

  it('come whole, with what proves them', async () => {
    const response = await ask(file)
    expect(response.status).toBe(200)
    expect(Buffer.from(await response.arrayBuffer()).equals(weights)).toBe(true)
    const hash = createHash('sha256').update(weights).digest('base64')
    expect(Object.fromEntries(response.headers)).toMatchObject({
      etag: `"${digest}"`,
      'content-length': String(weights.length),
      'repr-digest': `sha-256=:${hash}:`,
      digest: `SHA-256=${hash}`,
      'accept-ranges': 'bytes',
    })
  })

  it('come in parts that make the whole', async () => {
    const parts = await Promise.all(
      ['bytes=0-99999', 'bytes=100000-'].map(range => ask(file, { range, 'if-range': `"${digest}"` })),
    )
    expect(parts.map(({ status }) => status)).toEqual([206, 206])
    expect(parts[1]!.headers.get('content-range')).toBe(`bytes 100000-${weights.length - 1}/${weights.length}`)
    const bytes = await Promise.all(parts.map(part => part.arrayBuffer()))
    expect(Buffer.concat(bytes.map(part => Buffer.from(part))).equals(weights)).toBe(true)
  })

  it('say where they end to whoever asks for what is behind', async () => {
    const response = await ask(file, { range: `bytes=${weights.length}-` })
    expect([response.status, response.headers.get('content-range')]).toEqual([416, `bytes */${weights.length}`])
  })

  it('are described without a body, and not sent to whoever has them', async () => {
    const head = await ask(file, {}, 'HEAD')
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(weights.length)])
    expect(await head.text()).toBe('')
    expect((await ask(file, { 'if-none-match': `"${digest}"` })).status).toBe(304)
    expect((await ask(file, {}, 'DELETE')).status).toBe(405)
  })

  it.each([
    ['nobody', file, 'nobody', 401, 'UNAUTHENTICATED', 'Who'],
    ['a key without the scope', file, 'blind', 403, 'FORBIDDEN', 'models:read'],
    ['a key of another project', file, 'stranger', 404, 'NOT_FOUND', 'mv_1'],
    ['an unknown version', '/artifacts/mv_9/config.json', 'all', 404, 'NOT_FOUND', 'mv_9'],
    ['an unknown path', '/artifacts/mv_1/model.bin', 'all', 404, 'NOT_FOUND', 'model.bin'],
    ['bytes that are gone', '/artifacts/mv_1/config.json', 'all', 404, 'NOT_FOUND', 'config.json'],
  ])('are refused to %s', async (_whom, path, authorization, status, code, named) => {
    const response = await ask(path, { authorization })
    expect(response.status).toBe(status)
    const { errors } = (await response.json()) as { errors: { message: string; extensions: { code: string } }[] }
    expect(errors[0]!.extensions.code).toBe(code)
    expect(errors[0]!.message).toContain(named)
  })

  it('come to whoever has a link, in parts too, until it ends; changed, it opens nothing', async () => {
    const versionFile = { versionId: 'mv_1', path: 'weights/model.safetensors', digest, sizeBytes: weights.length }
    const link = signedLink(testSigner, versionFile, 60, clock)
    const open = (path: string, headers = {}) => fetch(`${url}${path}`, { headers })
    expect((await open(link)).status).toBe(200)
    const part = await open(link, { range: 'bytes=5-9' })
    expect([part.status, await part.text()]).toEqual([206, weights.subarray(5, 10).toString()])
    for (const changed of [link.replace('expires=', 'expires=9'), link.replace('model.safetensors', 'config.json')]) {
      expect((await open(changed)).status).toBe(403)
    }
    clock = new Date(clock.getTime() + 61_000)
    const ended = await open(link)
    expect([ended.status, await ended.text()]).toEqual([403, expect.stringContaining('This link ended at')])
  })

  it('leave other addresses to others', async () => {
    expect((await ask('/graphql')).status).toBe(204)
  })

  it('break off rather than arrive whole where a byte was altered on the disk', async () => {
    const altered = Buffer.from(weights)
    altered[5] ^= 1
    await writeFile(join(folder, digest.slice(7, 9), digest.slice(9)), altered)
    await expect(ask(file).then(response => response.arrayBuffer())).rejects.toThrow()
    await writeFile(join(folder, digest.slice(7, 9), digest.slice(9)), weights)
  })
})
