import { DomainError } from './errors.ts'

/**
 * Runs a service as this process: starts it, stops it once on SIGINT or SIGTERM, and ends with status 0 or, when the
 * start fails, with 1 and the one sentence that says why. A second signal ends at once.
 */
export async function runProcess(start: () => Promise<AsyncDisposable>): Promise<void> {
  const stop = Promise.withResolvers<void>()
  let signals = 0
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      signals += 1
      if (signals > 1) process.exit(130)
      stop.resolve()
    })
  }
  try {
    await using _service = await start()
    await stop.promise
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  }
}
