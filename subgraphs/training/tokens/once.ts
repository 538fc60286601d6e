import type { Blobs } from '../../../kernel/blobs/blobs.ts'
import type { Cache } from './cache.ts'
import { openProgress } from './progress.ts'

export interface TokenParts {
  readonly blobs: Blobs
  readonly cache: Cache
  /** Looked at between two parts of the text. */
  shouldStop(): boolean
  /** Hears a sentence now and then on what is being made, or waited for, and how far that is. */
  tell(text: string): void
}

/** What makes a file needs in addition. */
export interface MakingParts extends TokenParts {
  /** Hears, as often as it likes, how much is done, from 0 to 1. */
  progress(share: number): Promise<void>
}

export interface Wanted<Made> {
  /** In the cache. */
  readonly name: string
  /** As a sentence says it: "learning the tokenizer". */
  readonly what: string
  known(): Promise<Made | null>
}

/** Made by one of all who need it on this machine: the others wait, and take it as it is. Null when it should stop. */
export async function madeOnce<Made>(
  parts: TokenParts,
  { name, what, known }: Wanted<Made>,
  make: (parts: MakingParts) => Promise<Made | null>,
): Promise<Made | null> {
  const there = await known()
  if (there) return there
  const { cache, shouldStop, tell } = parts
  const waiting = openProgress(`waiting for another training, which is ${what}`, tell)
  await using turn = await cache.turn(name, share => {
    waiting(share)
    return !shouldStop()
  })
  if (!turn) return null
  const making = openProgress(what, tell)
  const progress = async (share: number) => {
    making(share)
    await turn.tell(share)
  }
  // Awaited here: what is returned as it is would be made after the turn's end.
  return (await known()) ?? (await make({ ...parts, progress }))
}
