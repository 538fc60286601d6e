import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import S3rver from '@20minutes/s3rver'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Blobs } from '../../../kernel/blobs/blobs.ts'
import { type BlobSettings, openBlobs, rotateKeys } from '../../../kernel/blobs/open.ts'
import { close, listen } from '../../../kernel/serve.ts'

const chunk = 64 * 1024
const sha256 = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const kek = (name: string) => `${name}:${createHash('sha256').update(name).digest('base64')}`

const open = new AsyncDisposableStack()
let folder: string
let s3: NonNullable<BlobSettings['s3']>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forge-stores-'))
  open.defer(() => rm(folder, { recursive: true }))
  const options = { port: 0, address: '127.0.0.1', silent: true, directory: join(folder, 's3') }
  const server = new S3rver({ ...options, configureBuckets: [{ name: 'artifacts' }] })
  const { port } = await server.run()
  open.defer(() => server.close())
  const credentials = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' }
  s3 = { bucket: 'artifacts', prefix: 'forge', region: 'us-east-1', endpoint: `http://127.0.0.1:${port}`, credentials }
})
afterAll(() => open.disposeAsync())

const kinds: Record<string, () => BlobSettings> = {
  'in files': () => ({ folder: join(folder, 'plain') }),
  'in encrypted files': () => ({ folder: join(folder, 'sealed'), keys: kek('a') }),
  'in S3': () => ({ folder, s3 }),
  'encrypted in S3': () => ({ folder, s3: { ...s3, prefix: 'sealed' }, keys: kek('a') }),
}

describe.each(Object.entries(kinds))('blobs %s', (_, settings) => {
  let blobs: Blobs
  beforeAll(async () => {
    blobs = await openBlobs(settings())
  })

  it.each([0, 1, 17, chunk - 1, chunk, chunk + 1, 3 * chunk, 200_003, 9_000_000])('give back %i bytes', async size => {
    const content = randomBytes(size)
    const blob = await blobs.put(Readable.from([content]), sha256(content))
    expect(blob).toEqual({ digest: sha256(content), sizeBytes: size })
    expect(await blobs.find(blob.digest)).toEqual(blob)
    expect(content.equals(await blobs.bytes(blob.digest))).toBe(true)
    expect(content.equals(await buffer(await blobs.read(blob.digest)))).toBe(true)
  })

  it('give any part, across chunks, from the first to the last byte', async () => {
    const content = randomBytes(3 * chunk + 100)
    const { digest } = await blobs.put(content)
    const last = content.length - 1
    const ends = [0, 1, chunk - 1, chunk, chunk + 1, 2 * chunk, 3 * chunk - 1, 3 * chunk, last]
    for (const start of ends) {
      for (const end of ends.filter(end => end >= start)) {
        const part = await buffer(await blobs.read(digest, { start, end }))
        expect(part.equals(content.subarray(start, end + 1)), `${start}–${end}`).toBe(true)
      }
    }
  })

  it('store the same bytes once, from many writers at a time, none of whom knew the digest', async () => {
    const content = randomBytes(100_000)
    const stored = await Promise.all(Array.from({ length: 5 }, () => blobs.put(Readable.from([content]))))
    expect(new Set(stored.map(({ digest }) => digest))).toEqual(new Set([sha256(content)]))
    expect(content.equals(await blobs.bytes(sha256(content)))).toBe(true)
  })

  it('refuse bytes that are not those announced, or that break off, and keep nothing of them', async () => {
    const content = randomBytes(300_000)
    await expect(blobs.put(Readable.from([content]), sha256(randomBytes(3)))).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining(sha256(content)),
    })
    async function* broken() {
      yield content
      throw new Error('the upload broke off')
    }
    await expect(blobs.put(Readable.from(broken()))).rejects.toThrow('the upload broke off')
    expect(await blobs.find(sha256(content))).toBeNull()
  })

  it('are collected unless they were stored again since', async () => {
    const content = randomBytes(1000)
    const { digest } = await blobs.put(content)
    expect(await blobs.collect(digest, new Date(Date.now() - 60_000))).toBe(false)
    expect(await blobs.find(digest)).not.toBeNull()
    expect(await blobs.collect(digest, new Date(Date.now() + 60_000))).toBe(true)
    expect(await blobs.find(digest)).toBeNull()
    expect(await blobs.collect(digest, new Date())).toBe(true)
    await expect(blobs.read(digest)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('encrypted blobs', () => {
  const content = randomBytes(3 * chunk + 100)
  const secret = Buffer.from('Call me Ishmael. '.repeat(100))
  let place: string
  let blobs: Blobs
  const pathOf = (digest: string) => join(place, digest.slice(7, 9), `${digest.slice(9)}.enc`)
  beforeAll(async () => {
    place = join(folder, 'tampered')
    blobs = await openBlobs({ folder: place, keys: kek('a') })
  })

  it('have nothing of the content on the disk', async () => {
    const { digest } = await blobs.put(secret)
    expect((await readFile(pathOf(digest))).includes('Ishmael')).toBe(false)
  })

  const at = (index: number) => 32 + index * (chunk + 16)
  const tampering: Record<string, (stored: Buffer) => Buffer> = {
    'an altered byte': stored => stored.with(at(1) + 5, stored[at(1) + 5]! ^ 1) as Buffer,
    'two chunks swapped': stored =>
      Buffer.concat([
        stored.subarray(0, at(0)),
        stored.subarray(at(1), at(2)),
        stored.subarray(at(0), at(1)),
        stored.subarray(at(2)),
      ]),
    'a chunk cut out': stored => Buffer.concat([stored.subarray(0, at(1)), stored.subarray(at(2))]),
    'the last chunk cut off': stored => stored.subarray(0, at(3)),
    'bytes behind the end': stored => Buffer.concat([stored, Buffer.alloc(40)]),
  }
  it.each(Object.entries(tampering))('fail with %s', async (_, change) => {
    const { digest, sizeBytes } = await blobs.put(content)
    const stored = await readFile(pathOf(digest))
    await writeFile(pathOf(digest), change(stored))
    await expect(blobs.bytes(digest)).rejects.toMatchObject({ code: 'INTERNAL' })
    const parts = [0, chunk, 2 * chunk].map(async start =>
      buffer(await blobs.read(digest, { start, end: Math.min(start + chunk, sizeBytes) - 1 })),
    )
    const settled = await Promise.allSettled(parts)
    for (const [index, part] of settled.entries()) {
      if (part.status === 'fulfilled') {
        expect(part.value.equals(content.subarray(index * chunk, (index + 1) * chunk))).toBe(true)
      }
    }
    await writeFile(pathOf(digest), stored)
    expect(content.equals(await blobs.bytes(digest))).toBe(true)
  })

  it('fail under the name of another, also in parts', async () => {
    const [a, b] = [await blobs.put(randomBytes(1000)), await blobs.put(randomBytes(1000))]
    await writeFile(pathOf(a.digest), await readFile(pathOf(b.digest)))
    await expect(blobs.read(a.digest, { start: 0, end: 9 }).then(buffer)).rejects.toMatchObject({ code: 'INTERNAL' })
  })

  it('are read after a change of keys, and no longer need the old one once they were wrapped anew', async () => {
    const { digest } = await blobs.put(content)
    const before = await readFile(pathOf(digest))
    const both = { folder: place, keys: `${kek('b')},${kek('a')}` }
    expect(content.equals(await (await openBlobs(both)).bytes(digest))).toBe(true)
    expect(await rotateKeys(both)).toBeGreaterThan(0)
    expect(await rotateKeys(both)).toBe(0)
    const renewed = await openBlobs({ folder: place, keys: kek('b') })
    expect(content.equals(await renewed.bytes(digest))).toBe(true)
    expect((await readFile(pathOf(digest))).equals(before)).toBe(true)
    await expect(blobs.bytes(digest)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('"b"'),
    })
  })

  it('lose their key with their bytes', async () => {
    const fresh = join(folder, 'shredded')
    const store = await openBlobs({ folder: fresh, keys: kek('a') })
    const { digest } = await store.put(content)
    expect(await readdir(join(fresh, 'keys'))).toHaveLength(1)
    await store.remove(digest)
    expect(await readdir(join(fresh, 'keys'))).toEqual([])
  })

  it('take their keys from Vault’s transit engine', async () => {
    const hidden = new Map<string, string>()
    const vault = createServer(async (request, response) => {
      if (request.headers['x-vault-token'] !== 'token') return response.writeHead(403).end()
      const body = await buffer(request)
      const given = body.length > 0 ? JSON.parse(body.toString()) : {}
      if (request.url === '/v1/transit/keys/forge') return response.end('{"data":{"latest_version":2}}')
      if (request.url === '/v1/transit/encrypt/forge') {
        const ciphertext = `vault:v2:${randomBytes(20).toString('base64')}`
        hidden.set(ciphertext, given.plaintext)
        return response.end(JSON.stringify({ data: { ciphertext } }))
      }
      response.end(JSON.stringify({ data: { plaintext: hidden.get(given.ciphertext) } }))
    })
    const url = await listen(vault, '127.0.0.1', 0)
    const settings = (token: string) => ({ folder: join(folder, 'vault'), vault: { url, token, key: 'forge' } })
    const { digest } = await (await openBlobs(settings('token'))).put(content)
    expect(content.equals(await (await openBlobs(settings('token'))).bytes(digest))).toBe(true)
    await expect(openBlobs(settings('wrong'))).rejects.toMatchObject({
      message: expect.stringContaining('FORGE_VAULT_TOKEN'),
    })
    await close(vault)
    await expect(openBlobs(settings('token'))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
})
