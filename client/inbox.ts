/** What a subscription has brought and nobody has taken yet. */
export interface Inbox<T> extends AsyncIterable<T> {
  /** False when it was full: then a queue ends after what it holds, and a `newest` one has let go of its oldest. */
  put(item: T): boolean
  /** Ends the iteration after what it holds, with the error if there is one. */
  end(error?: unknown): void
}

export function createInbox<T>(limit: number, whenFull: 'end' | 'newest'): Inbox<T> {
  const items: T[] = []
  let ended: { readonly error?: unknown } | undefined
  let wake = () => {}

  const end = (error?: unknown) => {
    ended ??= { error }
    wake()
  }
  return {
    put(item) {
      if (ended) return false
      const isFull = items.length >= limit
      if (isFull && whenFull === 'end') {
        end()
        return false
      }
      if (isFull) items.shift()
      items.push(item)
      wake()
      return !isFull
    },
    end,
    async *[Symbol.asyncIterator]() {
      for (;;) {
        while (items.length > 0) yield items.shift()!
        if (ended) break
        await new Promise<void>(resolve => {
          wake = resolve
        })
      }
      if (ended.error !== undefined) throw ended.error
    },
  }
}
