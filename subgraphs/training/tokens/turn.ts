import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { tryLock } from '../../../kernel/file-lock.ts'
import { pause } from '../../../kernel/resilience/pause.ts'

/** Between two looks whether it is this one's turn. */
const lookMs = 200
/** Of the files that are there during a turn, or after one whose process was killed. */
export const turnEndings = ['.lock', '.share'] as const

/** For as long as it is not disposed of, no other process of this machine makes what its path stands for. */
export interface Turn extends AsyncDisposable {
  /** Says to those who wait how much is done, from 0 to 1. */
  tell(share: number): Promise<void>
}

/**
 * Waits until nobody else makes what will be at `path`; null when it should stop. `wait` hears at every look how far the
 * other is, and answers whether to go on waiting. A turn saves work and nothing else depends on it: its files are
 * removed when it ends, so that of two who look in that moment both may get one.
 */
export async function takeTurn(path: string, wait: (share: number) => boolean): Promise<Turn | null> {
  const [lockPath, sharePath] = turnEndings.map(ending => path + ending) as [string, string]
  await mkdir(dirname(path), { recursive: true })
  for (;;) {
    const lock = tryLock(lockPath)
    if (lock) {
      return {
        tell: share => writeFile(sharePath, String(share)),
        async [Symbol.asyncDispose]() {
          await Promise.all([lockPath, sharePath].map(left => rm(left, { force: true })))
          lock[Symbol.dispose]()
        },
      }
    }
    if (!wait(await shareAt(sharePath))) return null
    await pause(lookMs)
  }
}

/** 0 where nobody has said anything yet. */
const shareAt = async (path: string): Promise<number> => Number(await readFile(path, 'utf8').catch(() => '')) || 0
