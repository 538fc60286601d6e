import type { Env } from '../env.ts'

/** Where spans go and which; a process passes it on to the processes that it starts. */
export interface TracingSettings {
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string>>
  readonly sampler: Env['OTEL_TRACES_SAMPLER']
  /** Share of the traces that a `traceidratio` sampler keeps. */
  readonly ratio: number
}

/** Undefined where nothing is to be recorded. */
export const tracingSettings = (env: Env): TracingSettings | undefined =>
  env.OTEL_EXPORTER_OTLP_ENDPOINT === undefined
    ? undefined
    : {
        endpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT,
        headers: env.OTEL_EXPORTER_OTLP_HEADERS,
        sampler: env.OTEL_TRACES_SAMPLER,
        ratio: env.OTEL_TRACES_SAMPLER_ARG,
      }
