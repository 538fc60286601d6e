import { createFeed, type Feed, type OpenFeed } from './feed.ts'

interface Held extends Disposable {
  readonly feed: Feed
  /** Whether it was opened for this holder. */
  readonly isNew: boolean
}

export interface Feeds {
  /** The feed of this key, filled by `fill` from the first holder's coming to the last one's going. */
  hold(key: string, fill: (feed: OpenFeed, signal: AbortSignal) => Promise<void>): Held
}

export function openFeeds(): Feeds {
  const open = new Map<string, { readonly feed: OpenFeed; readonly leaving: AbortController; holders: number }>()

  return {
    hold(key, fill) {
      const known = open.get(key)
      const held = known ?? { feed: createFeed(), leaving: new AbortController(), holders: 0 }
      const forget = () => {
        if (open.get(key) === held) open.delete(key)
      }
      held.holders += 1
      if (!known) {
        open.set(key, held)
        // Who comes after the end gets a feed of their own, and with it whatever the subgraph says then.
        const end = (failure?: unknown) => {
          forget()
          held.feed.end(failure)
        }
        fill(held.feed, held.leaving.signal).then(() => end(), end)
      }
      return {
        feed: held.feed,
        isNew: !known,
        [Symbol.dispose]() {
          held.holders -= 1
          if (held.holders > 0) return
          forget()
          held.leaving.abort()
        },
      }
    },
  }
}
