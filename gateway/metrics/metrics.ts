import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** Names of operations that get a time series of their own; clients may make up more than anybody can store. */
const maxNames = 200
const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]

export type GatewayMetrics = ReturnType<typeof openGatewayMetrics>

/** What the gateway counts. Series that an operation needs are found once and kept. */
export function openGatewayMetrics(registry: Registry) {
  const registers = [registry]
  const durations = new Histogram({
    name: 'forge_operation_duration_seconds',
    help: 'Time to execute a query or mutation, by its name.',
    labelNames: ['operation', 'outcome'],
    buckets,
    registers,
  })
  const errors = new Counter({
    name: 'forge_operation_errors_total',
    help: 'Errors that clients were shown, by code.',
    labelNames: ['code'],
    registers,
  })
  const fetches = new Histogram({
    name: 'forge_subgraph_fetch_duration_seconds',
    help: 'Time of a fetch with its retries.',
    labelNames: ['subgraph', 'outcome'],
    buckets,
    registers,
  })
  const retries = new Counter({
    name: 'forge_subgraph_retries_total',
    help: 'Fetches that were sent again.',
    labelNames: ['subgraph'],
    registers,
  })
  const breakers = new Gauge({
    name: 'forge_subgraph_breaker_state',
    help: 'Whether a subgraph is left alone: 0 no, 1 it is being tried again, 2 yes.',
    labelNames: ['subgraph'],
    registers,
  })
  const ejections = new Counter({
    name: 'forge_subgraph_ejections_total',
    help: 'Times that one address of a subgraph was left out because it failed.',
    labelNames: ['subgraph'],
    registers,
  })
  // Twice a request: counted here, and told when somebody asks.
  const lookedUp = { document: { hit: 0, miss: 0 }, plan: { hit: 0, miss: 0 } }
  new Counter({
    name: 'forge_gateway_cache_lookups_total',
    help: 'Lookups in the caches of parsed documents and of plans.',
    labelNames: ['cache', 'outcome'],
    registers,
    collect() {
      this.reset()
      for (const [cache, outcomes] of Object.entries(lookedUp))
        for (const [outcome, count] of Object.entries(outcomes)) this.inc({ cache, outcome }, count)
    },
  })
  const subscriptions = new Gauge({
    name: 'forge_gateway_subscriptions',
    help: 'Subscriptions of clients now.',
    registers,
  })
  const feeds = new Gauge({
    name: 'forge_gateway_upstream_feeds',
    help: 'Subscriptions to subgraphs now that clients share.',
    registers,
  })
  const connections = new Gauge({
    name: 'forge_gateway_connections',
    help: 'Connections of subscribers now, over WebSocket and as event streams.',
    registers,
  })

  const names = new Set<string>()
  const nameOf = (operation: string | null | undefined): string => {
    if (!operation) return 'anonymous'
    if (names.has(operation)) return operation
    if (names.size >= maxNames) return 'other'
    names.add(operation)
    return operation
  }
  return {
    operation: (operation: string | null | undefined, ms: number, isWhole: boolean) =>
      durations.observe({ operation: nameOf(operation), outcome: isWhole ? 'ok' : 'error' }, ms / 1_000),
    error: (code: unknown) => errors.inc({ code: String(code ?? 'INTERNAL') }),
    fetch: (subgraph: string, ms: number, outcome: 'ok' | 'error' | 'unreachable') =>
      fetches.observe({ subgraph, outcome }, ms / 1_000),
    retry: (subgraph: string) => retries.inc({ subgraph }),
    eject: (subgraph: string) => ejections.inc({ subgraph }),
    breaker: (subgraph: string, state: 0 | 1 | 2) => breakers.set({ subgraph }, state),
    lookup(cache: keyof typeof lookedUp, isKnown: boolean) {
      lookedUp[cache][isKnown ? 'hit' : 'miss'] += 1
    },
    subscriptions: held(subscriptions),
    feeds: held(feeds),
    connections: held(connections),
  }
}

/** Counts something for as long as it is held. */
const held = (gauge: Gauge) => (): Disposable => {
  gauge.inc()
  return { [Symbol.dispose]: () => gauge.dec() }
}
