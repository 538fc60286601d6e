import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { DomainError, invalidInput, notFound } from '../errors.ts'
import type { Blob, Blobs, Digest } from './blobs.ts'
import { checked, damaged, digestOf } from './digest.ts'

/** A temporary file this old belongs to nobody any more: a writer touches its own with every chunk. */
const leftoverMs = 60 * 60 * 1000

/**
 * Blobs as files of one folder, `ab/cdef…` under the first byte of their SHA-256. A blob is written beside its place,
 * flushed, and renamed; then the folder is flushed, so that the name survives a crash too. Several processes may share
 * the folder.
 */
export async function openFileBlobs(folder: string): Promise<Blobs> {
  const incoming = join(folder, 'incoming')
  await mkdir(incoming, { recursive: true })
  await removeLeftovers(incoming)

  const pathOf = (digest: Digest): string => {
    const hex = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1]
    if (hex === undefined) {
      throw invalidInput(`"${digest.slice(0, 80)}" is no digest: write sha256: and 64 hexadecimal digits.`)
    }
    return join(folder, hex.slice(0, 2), hex.slice(2))
  }
  const find = async (digest: Digest): Promise<Blob | null> => {
    const found = await stat(pathOf(digest)).catch(unlessMissing)
    return found && { digest, sizeBytes: found.size }
  }
  const required = async (digest: Digest): Promise<Blob> => {
    const blob = await find(digest)
    if (!blob) throw notFound(`There is no blob ${digest} in ${folder}: it was never stored, or has been removed.`)
    return blob
  }

  return {
    find,
    async put(bytes, expected) {
      const known = expected === undefined ? null : await find(expected)
      if (known) {
        if (bytes instanceof Readable) bytes.destroy()
        return known
      }
      const temporary = join(incoming, randomUUID())
      try {
        const blob = await write(temporary, bytes)
        if (expected !== undefined && blob.digest !== expected) {
          throw invalidInput(`The bytes are ${blob.digest}, not ${expected}: send them again.`)
        }
        // A file of another length was cut short on its disk, and is replaced.
        if ((await find(blob.digest))?.sizeBytes !== blob.sizeBytes)
          await publish(temporary, pathOf(blob.digest), folder)
        return blob
      } catch (error) {
        throw named(error, folder)
      } finally {
        await rm(temporary, { force: true })
      }
    },
    async read(digest, part) {
      await required(digest)
      if (part) return createReadStream(pathOf(digest), { ...part })
      return Readable.from(checked(createReadStream(pathOf(digest)), digest, folder), { objectMode: false })
    },
    async bytes(digest) {
      await required(digest)
      const bytes = await readFile(pathOf(digest))
      if (digestOf(createHash('sha256').update(bytes)) !== digest) throw damaged(digest, folder)
      return bytes
    },
    remove: digest => rm(pathOf(digest), { force: true }),
  }
}

async function write(path: string, bytes: Uint8Array | Readable): Promise<Blob> {
  const hash = createHash('sha256')
  let sizeBytes = 0
  await using file = await open(path, 'wx')
  for await (const chunk of bytes instanceof Readable ? bytes : [bytes]) {
    const part: Uint8Array = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    hash.update(part)
    sizeBytes += part.byteLength
    await writeAll(file, part)
  }
  await file.sync()
  return { digest: digestOf(hash), sizeBytes }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    done += (await file.write(bytes, done)).bytesWritten
  }
}

/** Two writers of the same bytes rename one after the other, and either is right. */
async function publish(temporary: string, path: string, folder: string): Promise<void> {
  const parent = join(path, '..')
  await mkdir(parent, { recursive: true })
  await rename(temporary, path)
  await sync(parent)
  await sync(folder)
}

async function sync(folder: string): Promise<void> {
  await using handle = await open(folder)
  await handle.sync()
}

/** What a crash has left. A file that another process is writing at the moment is younger. */
async function removeLeftovers(incoming: string): Promise<void> {
  for (const name of await readdir(incoming)) {
    const path = join(incoming, name)
    const file = await stat(path).catch(unlessMissing)
    if (file && file.mtimeMs < Date.now() - leftoverMs) await rm(path, { force: true })
  }
}

function unlessMissing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null
  throw error
}

function named(error: unknown, folder: string): unknown {
  const code = (error as NodeJS.ErrnoException).code
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error
  return new DomainError(
    'RESOURCE_EXHAUSTED',
    `There is no space left in ${folder}: free some, or set FORGE_BLOBS to a folder on a larger disk.`,
    { cause: error },
  )
}
