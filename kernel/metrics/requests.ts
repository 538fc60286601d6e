import type { IncomingMessage, ServerResponse } from 'node:http'
import { Histogram, type Registry } from 'prom-client'

/** Paths by their first part; whatever else is asked for counts as one. */
const known = new Set(['graphql', 'artifacts', 'uploads', 'v1', 'identity', 'health', 'metrics'])

/** Measures the answers of an HTTP server. */
export function requestMeter(registry: Registry): (request: IncomingMessage, response: ServerResponse) => void {
  const durations = new Histogram({
    name: 'forge_http_request_duration_seconds',
    help: 'Time from a request to the end of its answer, which for a stream of events is long.',
    labelNames: ['route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [registry],
  })
  return (request, response) => {
    const began = performance.now()
    const first = request.url?.split(/[/?]/, 2)[1] ?? ''
    const route = known.has(first) ? `/${first}` : 'other'
    response.once('close', () =>
      durations.observe(
        { route, status: `${Math.floor(response.statusCode / 100)}xx` },
        (performance.now() - began) / 1_000,
      ),
    )
  }
}
