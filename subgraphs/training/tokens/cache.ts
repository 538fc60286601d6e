import { createHash, randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { DomainError } from '../../../kernel/errors.ts'
import { takeTurn, turnEndings } from './turn.ts'

/** Where a machine keeps what it has tokenized; plain data, so that a child process can be told. */
export interface CacheSettings {
  readonly folder: string
  /** Of all its files together; those that were not used for the longest go first. */
  readonly limitBytes: number
}

/** A temporary file this old belongs to nobody any more. */
const leftoverMs = 24 * 60 * 60 * 1000
const temporary = '.part'
/** Files that are there while others are made. */
const isPassing = (name: string): boolean => [temporary, ...turnEndings].some(ending => name.endsWith(ending))

/** Files by what they were made from. One appears whole or not at all. */
export function openCache({ folder, limitBytes }: CacheSettings) {
  const pathOf = (name: string) => join(folder, name)
  return {
    /** The path of a file that is there, and is thereby used. */
    async find(name: string): Promise<string | null> {
      const now = new Date()
      return utimes(pathOf(name), now, now).then(() => pathOf(name), unlessMissing)
    },
    read: async (name: string): Promise<Buffer | null> => readFile(pathOf(name)).catch(unlessMissing),
    /** To make a file, as the only one of this machine; see `takeTurn`. */
    turn: (name: string, wait: (share: number) => boolean) => takeTurn(pathOf(name), wait),
    /** Makes a file; `write` is given it, and another that is forgotten, and answers whether it is whole. */
    async make(name: string, write: (file: FileHandle, aside: FileHandle) => Promise<boolean>): Promise<string | null> {
      await mkdir(folder, { recursive: true })
      const own = randomUUID()
      const [path, asidePath] = [pathOf(`${own}${temporary}`), pathOf(`${own}-aside${temporary}`)]
      try {
        await using file = await open(path, 'wx+')
        await using aside = await open(asidePath, 'wx+')
        if (!(await write(file, aside))) return null
        await rename(path, pathOf(name))
      } catch (error) {
        throw named(error, folder)
      } finally {
        await Promise.all([path, asidePath].map(left => rm(left, { force: true })))
      }
      await prune(folder, limitBytes, name)
      return pathOf(name)
    },
  }
}

export type Cache = ReturnType<typeof openCache>

/** The name of what these facts decide. */
export const cacheName = (facts: object, ending: string): string =>
  `${createHash('sha256').update(JSON.stringify(facts)).digest('hex')}.${ending}`

async function prune(folder: string, limitBytes: number, kept: string): Promise<void> {
  const files: { readonly name: string; readonly size: number; readonly usedAt: number }[] = []
  for (const name of await readdir(folder)) {
    const found = await stat(join(folder, name)).catch(unlessMissing)
    if (found) files.push({ name, size: found.size, usedAt: found.mtimeMs })
  }
  let size = files.reduce((sum, file) => sum + file.size, 0)
  for (const file of files.toSorted((one, other) => one.usedAt - other.usedAt)) {
    const isLeftover = isPassing(file.name) && file.usedAt < Date.now() - leftoverMs
    const isTooMuch = size > limitBytes && file.name !== kept && !isPassing(file.name)
    if (!isLeftover && !isTooMuch) continue
    // Who has it open reads on.
    await rm(join(folder, file.name), { force: true })
    size -= file.size
  }
}

function unlessMissing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null
  throw error
}

function named(error: unknown, folder: string): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error
  return new DomainError(
    'RESOURCE_EXHAUSTED',
    `There is no space left in ${folder} for the tokens of the dataset: free some, or set FORGE_DATA to a larger disk.`,
    { cause: error },
  )
}
