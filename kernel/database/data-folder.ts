import { access, constants, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { conflict, invalidInput } from '../errors.ts'
import { tryLock } from '../file-lock.ts'

/**
 * Makes the data folder and takes it for one forge: a second one on the same data would run every job again and stop
 * the first one's PostgreSQL. Throws INVALID_INPUT where this user may not write there, CONFLICT where a forge runs.
 */
export async function takeDataFolder(folder: string): Promise<Disposable> {
  try {
    await mkdir(folder, { recursive: true })
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    throw invalidInput(
      `The data folder ${folder} is not usable (${(error as Error).message}): choose one that you may write to, with FORGE_DATA=FOLDER.`,
    )
  }
  const lock = tryLock(join(folder, 'forge.lock'))
  if (lock) return lock
  throw conflict(
    `A forge already runs on the data folder ${folder}: use that one, or start another with FORGE_DATA=FOLDER and PORT=N.`,
  )
}
