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
  const deadline = Date.now() + patienceMs
  for (;;) {
    const lock = tryLock(path)
    if (lock) return lock
    if (Date.now() > deadline) {
      throw unavailable(
        `Another process has held ${path} for ${patienceMs / 1000} s while starting the embedded PostgreSQL: end it and start again.`,
      )
    }
    await delay(retryMs)
  }
}

/** The same lock without waiting; undefined where another holds it. */
export function tryLock(path: string): Disposable | undefined {
  const file = new DatabaseSync(path, { timeout: 0 })
  try {
    file.exec('BEGIN EXCLUSIVE')
    return { [Symbol.dispose]: () => file.close() }
  } catch (error) {
    file.close()
    if ((error as { errcode?: number }).errcode === sqliteBusy) return undefined
    throw error
  }
}
