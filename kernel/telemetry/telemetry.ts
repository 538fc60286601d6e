import type { Tracer } from '@opentelemetry/api'
import { Registry } from 'prom-client'
import type { Env } from '../env.ts'
import { type EventFlow, openEventFlow } from '../metrics/event-flow.ts'
import { keepContexts } from './correlation.ts'
import { type TracingSettings, tracingSettings } from './settings.ts'
import { openTracer } from './tracer.ts'

/** How one service is watched. Services that share a process have one each, so that their names stay apart. */
export interface Telemetry extends AsyncDisposable {
  /** Records spans; undefined where no collector is set. */
  readonly tracer: Tracer | undefined
  /** For processes that this one starts. */
  readonly tracing: TracingSettings | undefined
  readonly metrics: Registry
  readonly flow: EventFlow
  /** Who brings it may read the metrics from another machine. */
  readonly metricsToken: string | undefined
}

/** Opens what watches a service. Disposing it sends what was recorded, so dispose it last. */
export async function openTelemetry(service: string, env: Env): Promise<Telemetry> {
  keepContexts()
  const settings = tracingSettings(env)
  const metrics = new Registry()
  const tracing = settings && (await openTracer(service, settings))
  return {
    tracer: tracing?.tracer,
    tracing: settings,
    metrics,
    flow: openEventFlow(metrics),
    metricsToken: env.FORGE_METRICS_TOKEN,
    async [Symbol.asyncDispose]() {
      await tracing?.[Symbol.asyncDispose]()
    },
  }
}
