import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AdminKeyFile } from './ports.ts'

/** `admin-key` in the data folder. */
export function adminKeyFile(dataFolder: string): AdminKeyFile {
  const path = join(dataFolder, 'admin-key')
  return {
    async read() {
      try {
        return (await readFile(path, 'utf8')).trim()
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
        throw error
      }
    },
    // A new file, closed to others from its first byte, takes the name in one step; what had the name is not followed.
    async write(secret) {
      await mkdir(dataFolder, { recursive: true, mode: 0o700 })
      const draft = `${path}.${process.pid}`
      await rm(draft, { force: true })
      await writeFile(draft, `${secret}\n`, { mode: 0o600, flag: 'wx' })
      await rename(draft, path)
    },
  }
}
