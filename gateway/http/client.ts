import type { ServerResponse } from 'node:http'

/** Who waits for an answer, and may leave before it comes. */
export interface Client {
  readonly hasLeft: boolean
  /** Calls back once when it leaves; answers what takes that back. */
  onLeave(end: () => void): () => void
  /** Fires when it leaves. Made for who asks for it: making one and listening to it costs more than a small query has. */
  readonly signal: AbortSignal
}

/** The client of an HTTP request. */
export function clientOf(response: ServerResponse): Client {
  const hasLeft = () => response.destroyed && !response.writableFinished
  let controller: AbortController | undefined
  const client: Client = {
    get hasLeft() {
      return hasLeft()
    },
    onLeave(end) {
      const closed = () => {
        if (hasLeft()) end()
      }
      response.once('close', closed)
      return () => void response.off('close', closed)
    },
    get signal() {
      if (controller) return controller.signal
      const made = new AbortController()
      controller = made
      if (hasLeft()) made.abort()
      else client.onLeave(() => made.abort())
      return made.signal
    },
  }
  return client
}

/** A client that leaves when the signal fires. */
export const clientUntil = (signal: AbortSignal): Client => ({
  get hasLeft() {
    return signal.aborted
  },
  onLeave(end) {
    signal.addEventListener('abort', end, { once: true })
    return () => signal.removeEventListener('abort', end)
  },
  signal,
})
