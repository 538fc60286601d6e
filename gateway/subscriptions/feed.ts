import type { ExecutionResult } from 'graphql'

/** What is kept for those who are behind: entries, and characters of their JSON. */
const defaultLimits = { entries: 512, characters: 256_000 }

/** A result as every subscriber gets it. */
export interface Entry {
  readonly result: ExecutionResult
  /** Where a subscriber stands who has it; undefined for a result without a cursor, such as an error. */
  readonly cursor: string | undefined
}

/**
 * The newest results of a shared subscription, numbered from 0. Its readers stand at places in it instead of having
 * queues: nobody waits for a slow one, whose place is dropped at last, and which then has to read up elsewhere.
 */
export interface Feed {
  /** Number of the oldest entry that is kept. */
  readonly first: number
  /** Number that the next entry will have. */
  readonly next: number
  readonly ended: boolean
  /** What ended it unexpectedly. */
  readonly failure: unknown
  /** Cursor of the newest entry that has one. */
  readonly cursor: string | undefined
  entry(place: number): Entry | undefined
  /** The place behind the newest kept entry with this cursor. */
  placeAfter(cursor: string | undefined): number | undefined
  /** Calls `wake` once, at the next change. */
  onChange(wake: () => void): void
  forget(wake: () => void): void
}

export interface OpenFeed extends Feed {
  append(entry: Entry): void
  end(failure?: unknown): void
}

export function createFeed(limits = defaultLimits): OpenFeed {
  const kept: (Entry & { readonly size: number })[] = []
  const places = new Map<string, number>()
  const waiting = new Set<() => void>()
  let first = 0
  let size = 0
  let ended = false
  let failure: unknown
  let cursor: string | undefined

  const notify = () => {
    const wakes = [...waiting]
    waiting.clear()
    for (const wake of wakes) wake()
  }
  const dropOldest = () => {
    const oldest = kept.shift()!
    size -= oldest.size
    if (oldest.cursor !== undefined && places.get(oldest.cursor) === first) places.delete(oldest.cursor)
    first += 1
  }

  return {
    get first() {
      return first
    },
    get next() {
      return first + kept.length
    },
    get ended() {
      return ended
    },
    get failure() {
      return failure
    },
    get cursor() {
      return cursor
    },
    entry: place => kept[place - first],
    placeAfter(cursor) {
      const place = cursor === undefined ? undefined : places.get(cursor)
      return place === undefined ? undefined : place + 1
    },
    onChange: wake => void waiting.add(wake),
    forget: wake => void waiting.delete(wake),
    append(entry) {
      if (entry.cursor !== undefined) {
        cursor = entry.cursor
        places.set(cursor, first + kept.length)
      }
      const added = { ...entry, size: JSON.stringify(entry.result).length }
      size += added.size
      kept.push(added)
      // The newest stays, however large it is: somebody has to get it.
      while (kept.length > 1 && (kept.length > limits.entries || size > limits.characters)) dropOldest()
      notify()
    },
    end(reason) {
      ended = true
      failure = reason
      notify()
    },
  }
}
