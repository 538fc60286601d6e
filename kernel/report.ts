import { performance } from 'node:perf_hooks'
import packageJson from '../package.json' with { type: 'json' }
import type { Bus } from './bus/bus.ts'
import { newId } from './ids.ts'
import type { Log } from './log.ts'

/** How often the event loop is looked at, in milliseconds; a delay shorter than this is not seen. */
const resolutionMs = 20

export interface Reporting {
  readonly bus: Bus
  /** `training`, `gateway`, `worker`, … */
  readonly service: string
  /** Origin at which the service answers, or null when it serves nothing. */
  readonly url: string | null
  readonly log: Log
  /** Milliseconds between two reports; default 2000. */
  readonly everyMs?: number
}

/**
 * Publishes what this process measures of itself (`service.reported`), now and then at every interval, and says goodbye
 * (`service.left`) when closed. Services that share a process report the same memory, processor share and delay.
 */
export function startReporting({ bus, service, url, log, everyMs = 2_000 }: Reporting): AsyncDisposable {
  const instance = newId('svc')
  const startedAt = new Date(performance.timeOrigin).toISOString()
  const gauge = openGauge()

  // The fleet belongs to no project: `*`, as in the identities that see all of them.
  const send = (topic: string, data: object) =>
    bus
      .publish([{ id: newId('evt'), topic, key: instance, project: '*', at: new Date().toISOString(), data }])
      .catch(error => log.warn({ err: error, topic }, 'a report about this process was not published'))

  let sending: Promise<void> | undefined
  const report = () => {
    // While the log takes nothing, reports are left out instead of piling up.
    sending ??= send('service.reported', {
      service,
      instance,
      url,
      version: packageJson.version,
      startedAt,
      ...gauge.read(),
      everyMs,
    }).finally(() => {
      sending = undefined
    })
  }
  report()
  const timer = setInterval(report, everyMs)

  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      gauge.close()
      await sending
      await send('service.left', { service, instance })
    },
  }
}

/** Resident memory in bytes; processor time since the last reading as a share of one core; the longest delay since then. */
function openGauge() {
  let cpu = process.cpuUsage()
  let readAt = performance.now()
  let lookedAt = readAt
  let longestMs = 0
  const look = () => {
    const now = performance.now()
    longestMs = Math.max(longestMs, now - lookedAt - resolutionMs)
    lookedAt = now
  }
  // Node's own monitorEventLoopDelay forgets, at each reset, the delay that is just under way.
  const timer = setInterval(look, resolutionMs)
  return {
    read() {
      look()
      const { user, system } = process.cpuUsage(cpu)
      const elapsedMs = Math.max(1, lookedAt - readAt)
      const reading = {
        residentBytes: process.memoryUsage.rss(),
        cpu: (user + system) / 1_000 / elapsedMs,
        eventLoopLagMs: longestMs,
      }
      cpu = process.cpuUsage()
      readAt = lookedAt
      longestMs = 0
      return reading
    },
    close: () => clearInterval(timer),
  }
}
