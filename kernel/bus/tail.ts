import type { Log } from '../log.ts'
import { backoff, pause } from '../resilience/pause.ts'
import type { Bell } from './bell.ts'
import type { Bus, BusEvent, EventFilter, Position } from './bus.ts'

/** A wake-up may be lost with its connection; then the reader looks for itself after this many milliseconds. */
const pollMs = 2_000
/** What one read takes at most. */
const batchSize = 500

interface TailedLog extends Pick<Bus, 'read' | 'compare'> {
  readonly bell: Bell
  readonly log: Log
}

/** The reading loop of every bus: the log says what there is, the bell only when to look. */
export async function* tailLog(
  source: TailedLog,
  { after, signal, ...filter }: EventFilter & { after: Position; signal: AbortSignal },
): AsyncGenerator<readonly BusEvent[], void> {
  using ear = source.bell.listen(filter)
  let position = after
  let failures = 0

  while (!signal.aborted) {
    const heard = ear.hear()
    if (heard.ephemeral.length > 0) yield heard.ephemeral.map(event => ({ ...event, position }))

    const batch = await untilAborted(
      source.read({ ...filter, after: position, limit: batchSize }).catch((error: unknown) => {
        failures += 1
        source.log.warn({ err: error, failures }, 'The event log cannot be read; trying again.')
        return null
      }),
      signal,
    )
    if (signal.aborted) return
    if (batch === null || batch === undefined) {
      await pause(backoff(failures), signal)
      continue
    }
    failures = 0
    if (batch.length > 0) {
      position = batch.at(-1)!.position
      yield batch
      // Whatever was appended since that read has rung.
      if (batch.length === batchSize) continue
    } else if (heard.position !== undefined && source.compare(heard.position, position) > 0) {
      // Nothing of ours stands before what was announced, so the next read need not look there again.
      position = heard.position
    }
    await ear.rung(pollMs, signal)
  }
}

/** A server that does not answer must not keep a reader from ending; it answers to nobody then. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const abort = () => resolve(undefined)
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort)
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
