import { DatabaseSync } from 'node:sqlite'

const sqliteBusy = 5

/**
 * The lock that `path` stands for; undefined where another process holds it. SQLite's exclusive transaction is used for
 * what it is made of: a lock of the operating system, which a killed process gives back. A file that only exists would
 * outlive its owner.
 */
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
