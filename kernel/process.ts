import { DomainError } from './errors.ts'

/** What a process does once its service has started: `leave` ends it afterwards, otherwise it serves until a signal. */
type Work<Service> = (service: Service, stopped: AbortSignal) => Promise<'leave' | 'stay'>

/**
 * Runs a service as this process: starts it, stops it once on SIGINT or SIGTERM, and ends with status 0 or, when the
 * start or the work fails, with 1 and the one sentence that says why. A second signal ends at once.
 */
export async function runProcess<Service extends AsyncDisposable>(
  start: () => Promise<Service>,
  work: Work<Service> = async () => 'stay',
): Promise<void> {
  const stop = new AbortController()
  const stopped = new Promise(resolve => stop.signal.addEventListener('abort', resolve))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(130)
      stop.abort()
    })
  }
  try {
    await using service = await start()
    if (stop.signal.aborted) return
    if ((await Promise.race([work(service, stop.signal), stopped])) !== 'leave') await stopped
  } catch (error) {
    if (stop.signal.aborted) return
    if (!(error instanceof DomainError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  }
}
