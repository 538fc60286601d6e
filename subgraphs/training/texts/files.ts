import { constants } from 'node:fs'
import { open, realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { badPath } from '../datasets/errors.ts'
import type { DatasetFiles } from '../datasets/ports.ts'

/** The files of one folder. A link that leads out of it is like a file that is not there. */
export function folderFiles(folder: string): DatasetFiles {
  return {
    async open(path) {
      if (path.includes('\0')) throw badPath(path)
      const root = await realpath(folder).catch(notThere)
      const real = root && (await realpath(join(root, path)).catch(notThere))
      if (!root || !real?.startsWith(root + sep)) throw badPath(path)
      // A named pipe would keep whoever opens it, for as long as nobody writes there.
      const file = await open(real, constants.O_RDONLY | constants.O_NONBLOCK)
      if ((await file.stat()).isFile()) return file.createReadStream()
      await file.close()
      throw badPath(path)
    },
  }
}

function notThere(error: NodeJS.ErrnoException): undefined {
  if (['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'].includes(error.code ?? '')) return undefined
  throw error
}
