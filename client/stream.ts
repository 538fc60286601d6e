import { ForgeError } from './errors.ts'
import { createInbox } from './inbox.ts'
import { backoff, pause } from './pause.ts'

export interface StreamOptions {
  /** Only what came after the event with this cursor. */
  readonly after?: string | null
  /** Ends the iteration. */
  readonly signal?: AbortSignal
}

/** One subscription, begun at a cursor. */
export interface Source<T> {
  /** Calls `sink` until it returns or is stopped; `cursor` is asked for again whenever the connection was made anew. */
  subscribe(cursor: () => string | null, sink: Sink<T>): () => void
  /** Undefined for a stream of snapshots, of which only the newest counts. */
  readonly cursorOf?: (event: T) => string
  /** Whether the forge was ever reached: if not, waiting for it to come back would be vain. */
  readonly hasConnected: () => boolean
}

interface Sink<T> {
  next(event: T): void
  error(error: ForgeError): void
  complete(): void
}

/** Events that wait here for a slow reader; beyond, the subscription ends and is begun anew when they are read. */
const inboxLimit = 1_000
/** How long a lost stream, in ms, tries to come back; and one that has brought nothing yet. */
const patience = { begun: 5 * 60_000, new: 10_000 }

/** Every event once and in order, over lost connections and restarts of the forge, until the stream completes. */
export async function* follow<T>(source: Source<T>, { after, signal }: StreamOptions = {}): AsyncGenerator<T, void> {
  let taken = after ?? null
  let hasBegun = false
  let failures = 0
  let lostAt = 0

  while (!signal?.aborted) {
    const inbox = createInbox<T>(source.cursorOf ? inboxLimit : 1, source.cursorOf ? 'end' : 'newest')
    const end = () => inbox.end()
    signal?.addEventListener('abort', end)
    let received = taken
    let isBehind = false
    const stop = source.subscribe(() => received, {
      next(event) {
        const fits = inbox.put(event)
        if (source.cursorOf === undefined) return
        if (fits) received = source.cursorOf(event)
        else isBehind = true
        if (isBehind) stop()
      },
      error: inbox.end,
      complete: end,
    })
    try {
      for await (const event of inbox) {
        hasBegun = true
        failures = 0
        taken = source.cursorOf?.(event) ?? null
        yield event
      }
      if (!isBehind) return
    } catch (error) {
      if (failures === 0) lostAt = Date.now()
      failures += 1
      const waited = Date.now() - lostAt
      const most = hasBegun ? patience.begun : source.hasConnected() ? patience.new : 0
      if (!isPassing(error) || waited >= most) throw error
      await pause(backoff(failures), signal)
    } finally {
      signal?.removeEventListener('abort', end)
      stop()
    }
  }
}

const isPassing = (error: unknown): boolean =>
  error instanceof ForgeError && (error.code === 'UNAVAILABLE' || error.code === 'TIMEOUT')
