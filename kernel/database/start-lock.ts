import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { unavailable } from '../errors.ts'

const sqliteBusy = 5
const retryMs = 20

/**
 * Waits for the lock that `path` stands for. SQLite's exclusive transaction is used for what it is made of: a lock of
 * the operating system, which a killed process gives back. A file that only exists would outlive its owner.
 */
export async function takeLock(path: string, patienceMs = 60_000): Promise<Disposable> {
  const file = new DatabaseSync(path, { timeout: 0 })
  const deadline = Date.now() + patienceMs
  while (!tryLock(file)) {
    if (Date.now() > deadline) {
      file.close()
      throw unavailable(
        `Another process has held ${path} for ${patienceMs / 1000} s while starting the embedded PostgreSQL: end it and start again.`,
      )
    }
    await delay(retryMs)
  }
  return { [Symbol.dispose]: () => file.close() }
}

function tryLock(file: DatabaseSync): boolean {
  try {
    file.exec('BEGIN EXCLUSIVE')
    return true
  } catch (error) {
    if ((error as { errcode?: number }).errcode === sqliteBusy) return false
    throw error
  }
}
