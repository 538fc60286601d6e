import type { IncomingMessage, ServerOptions, ServerResponse } from 'node:http'

/** Time for any request to arrive, in ms: an upload of many gigabytes takes a while. */
const requestTimeout = 3_600_000

/** For the HTTP server: who does not send the headers within as many ms is let go. */
export const patienceWithSenders = (headersTimeout: number): ServerOptions => ({
  headersTimeout,
  requestTimeout,
  keepAliveTimeout: 30_000,
  connectionsCheckingInterval: Math.min(1_000, headersTimeout),
})

/** Answers 408 and hangs up when the body has not arrived within as many ms. */
export function expectBody(request: IncomingMessage, response: ServerResponse, within: number): void {
  if (request.method === 'GET' || request.method === 'HEAD') return
  // Most bodies arrive with their headers, and need no timer.
  setImmediate(() => {
    if (request.complete || request.destroyed) return
    const tooSlow = setTimeout(() => {
      if (!response.headersSent) response.writeHead(408, { connection: 'close' })
      response.end()
      request.destroy()
    }, within)
    request.once('end', () => clearTimeout(tooSlow))
    request.once('close', () => clearTimeout(tooSlow))
  })
}
