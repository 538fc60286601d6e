import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isId } from '../page.ts'
import type { Uploads } from './ports.ts'
import type { Upload } from './upload.ts'

/** After so long without a byte it is nobody's any more. */
const forgottenMs = 3 * 24 * 60 * 60 * 1000

/** What the folder of uploads has of one; the tus store keeps the bytes under its id and the rest beside them. */
export async function readUpload(folder: string, id: string): Promise<Upload | null> {
  if (!isId(id, 'up')) return null
  const path = join(folder, id)
  const [json, found] = await Promise.all([
    readFile(`${path}.json`, 'utf8').catch(unlessMissing),
    stat(path).catch(unlessMissing),
  ])
  if (json === null || found === null) return null
  const { size, metadata } = JSON.parse(json) as { size: number; metadata: { filename: string; project: string } }
  return { id, project: metadata.project, fileName: metadata.filename, sizeBytes: size, receivedBytes: found.size }
}

export const folderUploads = (folder: string): Uploads => ({
  find: id => readUpload(folder, id),
  remove: id => remove(folder, id),
  async sweep(inUse) {
    for (const name of await readdir(folder)) {
      const id = name.replace(/\.json$/, '')
      const found = await stat(join(folder, name)).catch(unlessMissing)
      if (found && found.mtimeMs < Date.now() - forgottenMs && !inUse.includes(id)) await forget(folder, id)
    }
  },
})

/** Not one of which bytes still come: only the file of those is young. */
async function forget(folder: string, id: string): Promise<void> {
  const bytes = await stat(join(folder, id)).catch(unlessMissing)
  if (!bytes || bytes.mtimeMs < Date.now() - forgottenMs) await remove(folder, id)
}

async function remove(folder: string, id: string): Promise<void> {
  await Promise.all([id, `${id}.json`].map(name => rm(join(folder, name), { force: true })))
}

function unlessMissing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null
  throw error
}
