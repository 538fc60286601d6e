import type { Tracer } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import packageJson from '../../package.json' with { type: 'json' }
import { newId } from '../ids.ts'
import type { TracingSettings } from './settings.ts'

/** A collector that is away must not hold up the end of a process for longer, in ms. */
const exportTimeout = 3_000

/** Sends what one service records to the collector, in batches. Closing sends the rest. */
export function openTracing(service: string, settings: TracingSettings): { readonly tracer: Tracer } & AsyncDisposable {
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.namespace': 'agent-forge',
      'service.name': service,
      'service.version': packageJson.version,
      'service.instance.id': newId('svc'),
    }),
    sampler: samplerOf(settings),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new OTLPTraceExporter({
          url: `${settings.endpoint.replace(/\/+$/, '')}/v1/traces`,
          headers: { ...settings.headers },
          timeoutMillis: exportTimeout,
        }),
        scheduledDelayMillis: 1_000,
        exportTimeoutMillis: exportTimeout,
      }),
    ],
  })
  return {
    tracer: provider.getTracer('agent-forge', packageJson.version),
    // What cannot be delivered is lost: a trace is no reason to fail.
    [Symbol.asyncDispose]: () => provider.shutdown().catch(() => {}),
  }
}

function samplerOf({ sampler, ratio }: TracingSettings): Sampler {
  const kind = sampler.replace('parentbased_', '')
  const root =
    kind === 'always_off'
      ? new AlwaysOffSampler()
      : kind === 'traceidratio'
        ? new TraceIdRatioBasedSampler(ratio)
        : new AlwaysOnSampler()
  return kind === sampler ? root : new ParentBasedSampler({ root })
}
