import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { request as ask, createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectForge } from '../../../../client/forge.ts'
import { roles } from '../../../../kernel/auth/identity.ts'
import { close, listen } from '../../../../kernel/serve.ts'
import { until } from '../../../support/condition.ts'
import { runningTraining, trainer } from '../running.ts'

let training: Awaited<ReturnType<typeof runningTraining>>
let folder: string
let file: string
const lines = Array.from({ length: 900_000 }, (_, index) => `{"text":"line ${index}"}\n`).join('')
beforeAll(async () => {
  training = await runningTraining({ withWorker: false, more: { FORGE_UPLOAD_LIMIT: '30' } })
  folder = await mkdtemp(join(tmpdir(), 'forge-upload-'))
  file = join(folder, 'lines.jsonl')
  await writeFile(file, lines)
}, 60_000)
afterAll(async () => {
  await training[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

const connected = async (identity = trainer, url = training.url()) =>
  connectForge({ url, apiKey: await training.tokenOf(identity) })
const raw = async (method: string, path: string, headers: Record<string, string> = {}, identity = trainer) =>
  fetch(`${training.url()}${path}`, {
    method,
    headers: { 'tus-resumable': '1.0.0', authorization: `Bearer ${await training.tokenOf(identity)}`, ...headers },
  })
const named = `filename ${Buffer.from('x.txt').toString('base64')}`

/** Stands before training, and cuts every connection that has carried so many bytes. */
async function cuttingProxy(after: number) {
  const proxy = createServer((incoming, outgoing) => {
    const { pathname, search } = new URL(incoming.url!, 'http://proxy')
    const upstream = ask(`${training.url()}${pathname}${search}`, {
      method: incoming.method,
      headers: incoming.headers,
    })
    let carried = 0
    incoming.on('data', chunk => {
      carried += chunk.length
      if (carried > after) {
        upstream.destroy()
        incoming.destroy()
      }
    })
    incoming.on('error', () => upstream.destroy())
    upstream.on('error', () => outgoing.destroy())
    upstream.on('response', answer => {
      outgoing.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(outgoing)
    })
    incoming.pipe(upstream)
  })
  const url = await listen(proxy, '127.0.0.1', 0)
  return {
    url,
    async [Symbol.asyncDispose]() {
      proxy.closeAllConnections()
      await close(proxy)
    },
  }
}

describe('an upload', () => {
  it('becomes a dataset, and is removed when it has', async () => {
    await using forge = await connected()
    const id = await forge.uploadFile(file)
    const begun = await forge.importDataset({ name: 'uploaded', upload: { id } })
    expect(await forge.datasetImported(begun.id)).toMatchObject({ documents: 900_000 })
    await until('the file is gone', async () => {
      const names = await readdir(join(training.env.FORGE_DATA, 'uploads'))
      return !names.some(name => name.startsWith(id))
    })
    await expect(forge.importDataset({ name: 'again', upload: { id } })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  }, 60_000)

  it('goes on across connections that are lost', async () => {
    await using proxy = await cuttingProxy(5_000_000)
    await using forge = await connected(trainer, proxy.url)
    const sent: number[] = []
    const id = await forge.uploadFile(file, { onProgress: ({ sentBytes }) => sent.push(sentBytes) })
    expect(sent.length).toBeGreaterThan(4)
    expect(sent.at(-1)).toBe(lines.length)
    const answer = await raw('HEAD', `/uploads/${id}`)
    expect(answer.headers.get('upload-offset')).toBe(String(lines.length))
  }, 60_000)

  it('goes on where another process left, and only with the same file', async () => {
    await using forge = await connected()
    const leaving = new AbortController()
    let id = ''
    await expect(
      forge.uploadFile(file, {
        signal: leaving.signal,
        onProgress: progress => {
          id = progress.id
          if (progress.sentBytes > 0) leaving.abort()
        },
      }),
    ).rejects.toThrow()
    await expect(forge.importDataset({ name: 'half', upload: { id } })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining(`of its ${lines.length} bytes`),
    })
    const sent: number[] = []
    await forge.uploadFile(file, { resume: id, onProgress: ({ sentBytes }) => sent.push(sentBytes) })
    expect(sent[0]).toBeGreaterThan(0)
    await writeFile(join(folder, 'other.txt'), 'other')
    await expect(forge.uploadFile(join(folder, 'other.txt'), { resume: id })).rejects.toMatchObject({
      code: 'CONFLICT',
    })
    await expect(forge.uploadFile(file, { resume: `up_${'0'.repeat(26)}` })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
  }, 60_000)

  it('that arrived altered makes no dataset', async () => {
    await using forge = await connected()
    await writeFile(join(folder, 'small.txt'), 'small')
    const id = await forge.uploadFile(join(folder, 'small.txt'))
    const begun = await forge.importDataset({ name: 'altered', upload: { id, sha256: '0'.repeat(64) } })
    await expect(forge.datasetImported(begun.id)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('checksum'),
    })
  })

  it('is of a file of a usable size and name', async () => {
    const begin = async (headers: Record<string, string>) => (await raw('POST', '/uploads', headers)).status
    expect(await begin({ 'upload-length': String(31 << 20), 'upload-metadata': named })).toBe(413)
    expect(await begin({ 'upload-length': '5' })).toBe(400)
    expect(await begin({ 'upload-defer-length': '1', 'upload-metadata': named })).toBe(400)
    expect(await begin({ 'upload-length': '5', 'upload-metadata': named })).toBe(201)
  })

  it('belongs to its project, and to keys that may write', async () => {
    const begun = await raw('POST', '/uploads', { 'upload-length': '5', 'upload-metadata': named })
    const path = begun.headers.get('location')!
    const patch = { 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' }
    const stranger = { ...trainer, project: 'other' }
    expect((await raw('HEAD', path)).status).toBe(200)
    expect((await raw('HEAD', path, {}, stranger)).status).toBe(404)
    expect((await raw('PATCH', path, patch, stranger)).status).toBe(404)
    expect((await raw('DELETE', path, {}, stranger)).status).toBe(404)
    const refused = await raw('POST', '/uploads', { 'upload-length': '5' }, { ...trainer, scopes: roles.viewer })
    expect(refused.status).toBe(403)
    expect(await refused.json()).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] })
    const project = `${named},project ${Buffer.from('other').toString('base64')}`
    expect((await raw('POST', '/uploads', { 'upload-length': '5', 'upload-metadata': project })).status).toBe(403)
    expect((await fetch(`${training.url()}${path}`)).status).toBe(405)
    expect((await fetch(`${training.url()}/uploads`, { method: 'POST' })).status).toBe(401)
    expect((await raw('HEAD', '/uploads/..%2f..%2fadmin-key')).status).toBe(404)
  })
})
