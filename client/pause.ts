/** Resolves after `ms`, or at once when `signal` aborts. */
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

/** Milliseconds before attempt 1, 2, …: doubling from 100 up to 5,000, and half of it at random, so that not all come at once. */
export const backoff = (attempt: number): number =>
  Math.min(5_000, 100 * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2)
