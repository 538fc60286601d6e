import {
  type Attributes,
  type Context,
  context,
  createContextKey,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { DomainError } from '../errors.ts'
import { type Labels, withLabels } from './correlation.ts'
import { readTraceparent, unrecordedTrace } from './traceparent.ts'

export { type Span, SpanKind, SpanStatusCode }

const tracerKey = createContextKey('forge.tracer')

interface SpanOptions {
  readonly kind?: SpanKind
  readonly attributes?: Attributes
  /** When it began, when that was before now. */
  readonly startTime?: Date
}

export interface Entry extends SpanOptions {
  readonly name: string
  /** Who records what is done; undefined records nothing. */
  readonly tracer: Tracer | undefined
  /** The place in a trace that this continues; a new trace begins where there is none. */
  readonly traceparent?: string | null
  readonly labels: Labels
}

/** Begins work whose cause lies outside of this process. All spans and log lines of `work` belong to it. */
export function enter<T>({ tracer, traceparent, labels, name, ...options }: Entry, work: (span?: Span) => T): T {
  const cause = readTraceparent(traceparent) ?? (tracer ? undefined : unrecordedTrace())
  const begun = withLabels(cause ? trace.setSpanContext(ROOT_CONTEXT, cause) : ROOT_CONTEXT, labels)
  if (!tracer) return context.with(begun, work)
  return spanned(tracer, name, options, begun.setValue(tracerKey, tracer), work)
}

/** A part of the work that is under way. Without a recorded trace it costs a look and no more. */
export function inSpan<T>(name: string, options: SpanOptions, work: (span?: Span) => T): T {
  const active = context.active()
  const tracer = active.getValue(tracerKey) as Tracer | undefined
  return tracer ? spanned(tracer, name, options, active, work) : work()
}

/** Work too frequent to be recorded, such as signs of life; its log lines keep their trace. */
export function unrecorded<T>(work: () => T): T {
  const active = context.active().deleteValue(tracerKey)
  const place = trace.getSpanContext(active)
  return context.with(place ? trace.setSpanContext(active, { ...place, traceFlags: TraceFlags.NONE }) : active, work)
}

/** Whether spans begun now would be recorded. */
export const isTraced = (): boolean =>
  context.active().getValue(tracerKey) !== undefined && trace.getActiveSpan()?.isRecording() === true

function spanned<T>(tracer: Tracer, name: string, options: SpanOptions, within: Context, work: (span?: Span) => T): T {
  const span = tracer.startSpan(name, options, within)
  const fail = (error: unknown): never => {
    // Messages of strangers may hold values; ours are made to be shown.
    const message = error instanceof DomainError ? error.message : undefined
    span.setAttribute('error.type', error instanceof DomainError ? error.code : nameOf(error))
    span.setStatus({ code: SpanStatusCode.ERROR, message })
    span.end()
    throw error
  }
  try {
    const result = context.with(trace.setSpan(within, span), () => work(span))
    if (result instanceof Promise) {
      return result.then(value => {
        span.end()
        return value
      }, fail) as T
    }
    span.end()
    return result
  } catch (error) {
    return fail(error)
  }
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error)
