import { setTimeout as delay } from 'node:timers/promises'
import { unavailable } from '../errors.ts'
import { tryLock } from '../file-lock.ts'

const retryMs = 20

/** Waits for the lock that `path` stands for. */
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
