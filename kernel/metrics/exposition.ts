import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { collectDefaultMetrics, type Registry, register } from 'prom-client'

/** What the services of one process share. */
const processMetric = 'process_cpu_seconds_total'

export interface Exposed {
  readonly metrics: Registry
  /** Who brings it may read from another machine. */
  readonly metricsToken: string | undefined
}

/**
 * Answers GET /metrics with the service's metrics and those of its process, which are collected from the first reading
 * on. They say who does how much, so they are for this machine, and for whoever has the token.
 */
export async function exposeMetrics(
  { metrics, metricsToken }: Exposed,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (!isFromHere(request) && !hasToken(request.headers.authorization, metricsToken)) {
    response.writeHead(403, { 'content-type': 'text/plain; charset=utf-8' })
    response.end('Metrics are read from this machine, or with the token FORGE_METRICS_TOKEN as a bearer token.\n')
    return
  }
  if (!register.getSingleMetric(processMetric)) collectDefaultMetrics()
  const parts = await Promise.all([metrics.metrics(), register.metrics()])
  response.writeHead(200, { 'content-type': metrics.contentType })
  response.end(parts.join('\n'))
}

/** A proxy on this machine speaks for others, and a page of another site may have pointed its name here. */
const isFromHere = ({ socket, headers }: IncomingMessage): boolean =>
  /^(127\.|::1$|::ffff:127\.)/.test(socket.remoteAddress ?? '') &&
  headers['x-forwarded-for'] === undefined &&
  headers.forwarded === undefined &&
  /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/.test(headers.host ?? '')

function hasToken(authorization: string | undefined, token: string | undefined): boolean {
  if (token === undefined) return false
  const [given, wanted] = [Buffer.from(authorization ?? ''), Buffer.from(`Bearer ${token}`)]
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}
