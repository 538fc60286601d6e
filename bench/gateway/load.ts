import { setTimeout as pause } from 'node:timers/promises'
import { Pool } from 'undici'

export interface Load {
  readonly url: string
  /** Bodies of the requests, taken in turn. */
  readonly bodies: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
}

export interface Latencies {
  readonly requestsPerSecond: number
  /** In ms. */
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly failures: number
}

/** Closed loop: every connection sends its next request when the last was answered. */
export async function closedLoop(load: Load, requests: number, connections: number): Promise<Latencies> {
  await using ask = asking(load, connections)
  let sent = 0
  const began = performance.now()
  const connection = async () => {
    while (sent < requests) await ask.once(sent++, performance.now())
  }
  await Promise.all(Array.from({ length: connections }, connection))
  return ask.measured(performance.now() - began)
}

/**
 * Open loop: `rate` requests a second are sent at their times, however long the answers take, until `signal` aborts. Their
 * latencies count from those times, so that a request which waits for its turn is as late as if it had been sent.
 */
export async function openLoop(load: Load, rate: number, connections: number, signal: AbortSignal): Promise<Latencies> {
  await using ask = asking(load, connections)
  const underway: Promise<void>[] = []
  const began = performance.now()
  while (!signal.aborted) {
    // The first is due at once.
    const due = 1 + Math.floor(((performance.now() - began) / 1000) * rate)
    for (let sent = underway.length; sent < due; sent += 1) underway.push(ask.once(sent, began + (sent / rate) * 1000))
    await pause(1)
  }
  await Promise.all(underway)
  return ask.measured(performance.now() - began)
}

function asking({ url, bodies, headers }: Load, connections: number) {
  const { origin, pathname } = new URL(url)
  const pool = new Pool(origin, { connections, pipelining: 1 })
  const latencies: number[] = []
  let failures = 0
  return {
    async once(index: number, dueAt: number): Promise<void> {
      const response = await pool.request({
        path: pathname,
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
        body: bodies[index % bodies.length]!,
      })
      const text = await response.body.text()
      if (response.statusCode !== 200 || text.includes('"errors":')) failures += 1
      latencies.push(performance.now() - dueAt)
    },
    measured(milliseconds: number): Latencies {
      const sorted = latencies.toSorted((a, b) => a - b)
      const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
      return {
        requestsPerSecond: (sorted.length / milliseconds) * 1000,
        p50: at(0.5),
        p95: at(0.95),
        p99: at(0.99),
        failures,
      }
    },
    [Symbol.asyncDispose]: () => pool.close(),
  }
}
