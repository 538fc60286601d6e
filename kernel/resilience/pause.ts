/** Resolves after `ms`, or at once when `signal` aborts: the caller looks at the signal. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal?.aborted) return resolve()
    const done = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', done)
  })
}

/** Milliseconds before attempt `attempt` (1, 2, …): doubling from `first` up to `most`, less up to a quarter at random. */
export const backoff = (attempt: number, first = 100, most = 5_000): number =>
  Math.min(most, first * 2 ** (attempt - 1)) * (1 - Math.random() / 4)
