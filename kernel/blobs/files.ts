import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { DomainError } from '../errors.ts'
import type { Blobs } from './blobs.ts'
import { contentStore } from './content.ts'
import type { Objects } from './objects.ts'

/** A temporary file this old belongs to nobody any more: a writer touches its own with every chunk. */
const leftoverMs = 60 * 60 * 1000

/** Blobs as files of one folder, `ab/cdef…` under the first byte of their SHA-256. Several processes may share the folder. */
export const openFileBlobs = async (folder: string): Promise<Blobs> => contentStore(await openFolder(folder))

/**
 * Objects as files. One is written beside its place, flushed, and renamed; then the folder is flushed, so that the name
 * survives a crash too.
 */
export async function openFolder(folder: string): Promise<Objects> {
  const incoming = join(folder, 'incoming')
  await mkdir(incoming, { recursive: true })
  await removeLeftovers(incoming)
  const pathOf = (name: string) => join(folder, name)

  return {
    place: folder,
    async write(bytes, name) {
      const temporary = join(incoming, randomUUID())
      try {
        await write(temporary, bytes)
        await publish(temporary, pathOf(await name()), folder)
      } catch (error) {
        throw named(error, folder)
      } finally {
        await rm(temporary, { force: true })
      }
    },
    async size(name) {
      return (await stat(pathOf(name)).catch(unlessMissing))?.size ?? null
    },
    read: async (name, part) => createReadStream(pathOf(name), { ...part }),
    async touch(name) {
      const now = new Date()
      return (await utimes(pathOf(name), now, now).then(() => true, unlessMissing)) ?? false
    },
    async collect(name, before) {
      // Out of the way first: whoever puts these bytes from now on writes them anew.
      const aside = join(incoming, randomUUID())
      const isAside = await rename(pathOf(name), aside).then(() => true, unlessMissing)
      if (!isAside) return true
      const isYoung = (await stat(aside)).mtimeMs > before.getTime()
      await (isYoung ? rename(aside, pathOf(name)) : rm(aside))
      return !isYoung
    },
    remove: name => rm(pathOf(name), { force: true }),
    async *list(inner) {
      const names = await readdir(pathOf(inner)).catch(unlessMissing)
      for (const name of names ?? []) yield `${inner}/${name}`
    },
  }
}

async function write(path: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  await using file = await open(path, 'wx')
  for await (const chunk of bytes) await writeAll(file, chunk)
  await file.sync()
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
