/**
 * An async generator that ends as soon as it is returned: a plain one finishes its pending `next` first, which for a
 * stream without events is never.
 */
export function cancellable<T>(generate: (signal: AbortSignal) => AsyncGenerator<T, void>): AsyncGenerator<T, void> {
  const leaving = new AbortController()
  const inner = generate(leaving.signal)
  return {
    next: () => inner.next(),
    return() {
      leaving.abort()
      return inner.return()
    },
    throw(error) {
      leaving.abort()
      return inner.throw(error)
    },
    [Symbol.asyncIterator]() {
      return this
    },
    async [Symbol.asyncDispose]() {
      await this.return()
    },
  }
}
