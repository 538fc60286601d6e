import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DownloadProgress } from '../../client/downloads.ts'
import { connectForge } from '../../client/forge.ts'
import { close, listen } from '../../kernel/serve.ts'
import { root } from '../support/processes.ts'

const weights = Buffer.from('Call me Ishmael. '.repeat(20_000))
const digest = `sha256:${createHash('sha256').update(weights).digest('hex')}`
const path = 'weights/model.safetensors'

/** A forge of one version, whose answers for its file the test gives one by one; the last stays. */
async function startForge(answers: ((request: IncomingMessage, response: ServerResponse) => void)[], named = path) {
  const ranges: (string | undefined)[] = []
  const file = { path: named, sizeBytes: weights.length, digest, url: `/artifacts/mv_1/${named}` }
  const server = createServer((request, response) => {
    if (request.url === '/graphql') {
      response.end(JSON.stringify({ data: { modelVersion: { ref: 'm/1', sizeBytes: weights.length, files: [file] } } }))
      return
    }
    expect(request.headers.authorization).toBe('Bearer forge_test')
    ranges.push(request.headers.range)
    const answer = answers.length > 1 ? answers.shift()! : answers[0]!
    answer(request, response)
  })
  const url = await listen(server, '127.0.0.1', 0)
  const forge = connectForge({ url, apiKey: 'forge_test' })
  return {
    forge,
    url,
    ranges,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await Promise.all([forge[Symbol.asyncDispose](), close(server)])
    },
  }
}

const send =
  (bytes: Buffer, tag = digest) =>
  (request: IncomingMessage, response: ServerResponse) => {
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
    response.writeHead(from > 0 ? 206 : 200, { etag: `"${tag}"`, 'content-length': bytes.length - from })
    response.end(bytes.subarray(from))
  }
/** Ends the connection after so many bytes. */
const lose = (count: number) => (_: IncomingMessage, response: ServerResponse) => {
  response.writeHead(200, { etag: `"${digest}"`, 'content-length': weights.length })
  response.write(weights.subarray(0, count), () => response.destroy())
}

describe('a download', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'forge-download-'))
  })
  afterEach(() => rm(folder, { recursive: true }))
  const kept = () => readdir(join(folder, 'weights'))
  const content = () => readFile(join(folder, path))

  it('writes the files under their paths and says how far it is', async () => {
    await using server = await startForge([send(weights)])
    const seen: DownloadProgress[] = []
    const done = await server.forge.download('m/1', folder, { onProgress: progress => seen.push(progress) })
    expect(done).toMatchObject({ folder, version: { ref: 'm/1' }, files: [{ path, digest }] })
    expect((await content()).equals(weights)).toBe(true)
    expect(seen.at(-1)).toEqual({ path, receivedBytes: weights.length, sizeBytes: weights.length })

    await server.forge.download('m/1', folder)
    expect(server.ranges, 'what is there is not fetched again').toHaveLength(1)
  })

  it('goes on where a lost connection left it', async () => {
    await using server = await startForge([lose(100_000), send(weights)])
    await server.forge.download('m/1', folder)
    expect((await content()).equals(weights)).toBe(true)
    const [, range] = server.ranges
    expect(Number(/bytes=(\d+)-/.exec(range!)![1])).toBeGreaterThan(0)
    expect(await kept()).toEqual(['model.safetensors'])
  })

  it('goes on where an earlier process left it', async () => {
    await mkdir(join(folder, 'weights'))
    await writeFile(join(folder, `${path}.part`), weights.subarray(0, 1_000))
    await using server = await startForge([send(weights)])
    await server.forge.download('m/1', folder)
    expect(server.ranges).toEqual(['bytes=1000-'])
    expect((await content()).equals(weights)).toBe(true)
  })

  it('begins anew where what was left is of other bytes', async () => {
    await mkdir(join(folder, 'weights'))
    await writeFile(join(folder, `${path}.part`), Buffer.alloc(1_000))
    await using server = await startForge([send(weights)])
    await server.forge.download('m/1', folder)
    expect(server.ranges).toEqual(['bytes=1000-', undefined])
    expect((await content()).equals(weights)).toBe(true)
  })

  it.each([
    ['an altered byte', () => send(Buffer.concat([weights.subarray(0, 5), Buffer.from('X'), weights.subarray(6)]))],
    ['bytes too many', () => send(Buffer.concat([weights, weights]))],
    ['another content', () => send(weights, 'sha256:00')],
  ])('never takes %s for success', async (_what, answer) => {
    await using server = await startForge([answer()])
    await expect(server.forge.download('m/1', folder)).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringContaining(path),
    })
    expect(await kept()).not.toContain('model.safetensors')
  })

  it('fails with what the forge says', async () => {
    const error = { message: 'no such file', extensions: { code: 'NOT_FOUND' } }
    await using server = await startForge([
      (_, response) => response.writeHead(404).end(JSON.stringify({ errors: [error] })),
    ])
    await expect(server.forge.download('m/1', folder)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('stops when it is told to, and keeps its part', async () => {
    const leave = new AbortController()
    await using server = await startForge([
      (_, response) => {
        response.writeHead(200, { etag: `"${digest}"`, 'content-length': weights.length })
        response.write(weights.subarray(0, 1_000))
      },
    ])
    const onProgress = ({ receivedBytes }: DownloadProgress) => receivedBytes > 0 && leave.abort()
    await expect(server.forge.download('m/1', folder, { signal: leave.signal, onProgress })).rejects.toThrow()
    expect(await kept()).toEqual(['model.safetensors.part'])
  })

  it.skipIf(process.platform === 'win32')('takes no file for whole that the disk had no room for', async () => {
    await using server = await startForge([send(weights)])
    const script = `
      import { connectForge } from ${JSON.stringify(join(root, 'client/forge.ts'))}
      await using forge = connectForge({ url: ${JSON.stringify(server.url)}, apiKey: 'forge_test' })
      await forge.download('m/1', ${JSON.stringify(folder)}).catch(error => console.log(error.code))`
    // Files may have all but the last 10,000 bytes or so: the last piece is written in part, as on a full disk.
    const limit = Math.floor((weights.length - 10_000) / 1024)
    const shell = `trap '' XFSZ; ulimit -f ${limit}; exec "$0" --input-type=module --eval "$1"`
    const { stdout } = await promisify(execFile)('bash', ['-c', shell, process.execPath, script])
    expect(stdout).toBe('EFBIG\n')
    expect(await kept()).toEqual(['model.safetensors.part'])
  })

  it('writes nothing outside of its folder', async () => {
    await using server = await startForge([send(weights)], '../escaped')
    await expect(server.forge.download('m/1', folder)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})
