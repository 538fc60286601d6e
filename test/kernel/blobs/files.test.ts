import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { mkdtemp, readdir, rm, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Blobs } from '../../../kernel/blobs/blobs.ts'
import { openFileBlobs } from '../../../kernel/blobs/files.ts'

let folder: string
let blobs: Blobs
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forge-blobs-'))
  blobs = await openFileBlobs(folder)
})
afterEach(() => rm(folder, { recursive: true }))

const content = Buffer.from('Call me Ishmael. '.repeat(10_000))
const sha256 = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const pathOf = (digest: string) => join(folder, digest.slice(7, 9), digest.slice(9))
const incoming = () => readdir(join(folder, 'incoming'))
async function* chunks(bytes: Buffer) {
  for (let at = 0; at < bytes.length; at += 1_000) yield bytes.subarray(at, at + 1_000)
}

it('gives back what was stored, by the digest of its content', async () => {
  const blob = await blobs.put(content)
  expect(blob).toEqual({ digest: sha256(content), sizeBytes: content.length })
  expect(await blobs.find(blob.digest)).toEqual(blob)
  expect(Buffer.from(await blobs.bytes(blob.digest)).equals(content)).toBe(true)
  expect((await buffer(await blobs.read(blob.digest))).equals(content)).toBe(true)
  expect(await (await openFileBlobs(folder)).find(blob.digest)).toEqual(blob)
  expect(await blobs.put(new Uint8Array(0))).toEqual({ digest: sha256(new Uint8Array(0)), sizeBytes: 0 })
})

it('stores a stream, and the same bytes only once, from many writers at a time', async () => {
  const stored = await Promise.all(Array.from({ length: 8 }, () => blobs.put(Readable.from(chunks(content)))))
  expect(new Set(stored.map(({ digest }) => digest))).toEqual(new Set([sha256(content)]))
  expect(await incoming()).toEqual([])
  expect(await blobs.put(Readable.from(chunks(content)), sha256(content))).toEqual(stored[0])
})

it('refuses bytes that are not those announced, and keeps nothing of them', async () => {
  const announced = sha256(Buffer.from('something else'))
  await expect(blobs.put(Readable.from(chunks(content)), announced)).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    message: expect.stringContaining(announced),
  })
  expect(await blobs.find(announced)).toBeNull()
  expect(await blobs.find(sha256(content))).toBeNull()
  expect(await incoming()).toEqual([])
})

it('keeps nothing of a stream that breaks off', async () => {
  async function* broken() {
    yield content
    throw new Error('the upload broke off')
  }
  await expect(blobs.put(Readable.from(broken()))).rejects.toThrow('the upload broke off')
  expect(await incoming()).toEqual([])
  expect(await blobs.find(sha256(content))).toBeNull()
})

it.each([
  ['an altered byte', (path: string) => writeFile(path, Buffer.concat([content.subarray(1), Buffer.from('x')]))],
  ['a missing end', (path: string) => truncate(path, content.length - 1)],
])('notices %s, whole or streamed', async (_, damage) => {
  const { digest } = await blobs.put(content)
  await damage(pathOf(digest))
  await expect(blobs.bytes(digest)).rejects.toMatchObject({
    code: 'INTERNAL',
    message: expect.stringContaining(digest),
  })
  await expect(buffer(await blobs.read(digest))).rejects.toMatchObject({ code: 'INTERNAL' })
})

it('replaces a file that was cut short when its content comes again', async () => {
  const { digest } = await blobs.put(content)
  await truncate(pathOf(digest), 10)
  await blobs.put(content)
  expect(Buffer.from(await blobs.bytes(digest)).equals(content)).toBe(true)
})

it('gives any part of a blob, both its ends inside', async () => {
  const { digest } = await blobs.put(content)
  const part = await buffer(await blobs.read(digest, { start: 17_000, end: 99_999 }))
  expect(part.equals(content.subarray(17_000, 100_000))).toBe(true)
})

it('keeps back the last bytes of a blob that was altered, so that nobody has as many as it should have', async () => {
  const { digest } = await blobs.put(content)
  await writeFile(pathOf(digest), Buffer.concat([Buffer.from('x'), content.subarray(1)]))
  let count = 0
  const reading = (async () => {
    for await (const chunk of await blobs.read(digest)) count += chunk.length
  })()
  await expect(reading).rejects.toMatchObject({ code: 'INTERNAL' })
  expect(count).toBeLessThan(content.length)
})

it('names a digest that is unknown or none', async () => {
  const unknown = sha256(Buffer.from('never stored'))
  await expect(blobs.read(unknown)).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringContaining(unknown),
  })
  await expect(blobs.bytes(unknown)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(blobs.find('sha256:../../etc/passwd')).rejects.toMatchObject({ code: 'INVALID_INPUT' })
})

it('forgets a blob, also one that is not there, and takes it again', async () => {
  const { digest } = await blobs.put(content)
  await blobs.remove(digest)
  await blobs.remove(digest)
  expect(await blobs.find(digest)).toBeNull()
  expect((await blobs.put(content)).digest).toBe(digest)
  expect(await blobs.find(digest)).not.toBeNull()
})

it('removes what a crash has left, and not what another process is writing', async () => {
  const [old, young] = ['old', 'young'].map(name => join(folder, 'incoming', name)) as [string, string]
  for (const path of [old, young]) await writeFile(path, 'half')
  const yesterday = new Date(Date.now() - 24 * 60 * 60 * 1000)
  await utimes(old, yesterday, yesterday)
  await openFileBlobs(folder)
  expect(await incoming()).toEqual(['young'])
})

it('says which folder is full', async context => {
  const small = join(folder, 'small')
  try {
    mkdirSync(small)
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', small], { stdio: 'ignore' })
  } catch {
    return context.skip('only root may mount a disk that is small enough')
  }
  try {
    const full = await openFileBlobs(small)
    await expect(full.put(content)).rejects.toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      message: expect.stringContaining(small),
    })
    expect(await readdir(join(small, 'incoming'))).toEqual([])
    expect(await full.put(Buffer.from('small'))).toMatchObject({ sizeBytes: 5 })
  } finally {
    execFileSync('/bin/umount', [small])
  }
})
