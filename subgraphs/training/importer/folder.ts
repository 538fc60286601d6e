import { realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { globby } from 'globby'
import type { FilesSource } from '../imports/source.ts'
import { nothingMatched, pathOutside } from './errors.ts'
import type { Found } from './source-file.ts'

export interface FoundFiles {
  readonly files: readonly Found[]
  /** What was passed over, in sentences. */
  readonly notes: readonly string[]
}

/**
 * Files of the folder by paths and globs, in the order of their names, each once. Links to folders are not followed, so
 * that one that leads back does not go on for ever; a link to a file counts where the file is inside.
 */
export async function findFiles(folder: string, { paths, gitignore }: FilesSource): Promise<FoundFiles> {
  for (const path of paths) {
    const isOutside = path.startsWith('/') || path.includes('\0') || path.split(/[\\/]/).includes('..')
    if (isOutside) throw pathOutside(path)
  }
  const root = await realpath(folder)
  const entries = await globby([...paths], {
    cwd: root,
    gitignore,
    onlyFiles: false,
    objectMode: true,
    followSymbolicLinks: false,
    dot: false,
  })
  const files = new Map<string, Found>()
  const notes: string[] = []
  for (const { path: name, dirent } of entries.toSorted((one, other) => (one.path < other.path ? -1 : 1))) {
    if (dirent.isDirectory()) continue
    const real = await realpath(join(root, name)).catch(unlessBroken)
    const found = real !== null && (await stat(real))
    if (real === null || !found) notes.push(`"${name}" is a link that leads nowhere, and was passed over.`)
    else if (found.isDirectory()) notes.push(`"${name}" is a link to a folder, and was not followed.`)
    else if (!found.isFile()) notes.push(`"${name}" is no file, and was passed over.`)
    else if (!real.startsWith(root + sep))
      notes.push(`"${name}" leads out of the datasets folder, and was passed over.`)
    else if (!files.has(real)) files.set(real, { name, path: real, size: found.size })
  }
  if (files.size === 0) throw nothingMatched(paths)
  return { files: [...files.values()], notes }
}

function unlessBroken(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT' || error.code === 'ELOOP') return null
  throw error
}
