import { type Context, context, createContextKey, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { writeTraceparent } from './traceparent.ts'

/** What every log line about a piece of work carries, such as `requestId`. */
export type Labels = Readonly<Record<string, string>>

const labelsKey = createContextKey('forge.labels')

/** Lets what is asynchronous know its cause. Once per process; a second call changes nothing. */
export function keepContexts(): void {
  const manager = new AsyncLocalStorageContextManager()
  if (context.setGlobalContextManager(manager)) manager.enable()
}

export const withLabels = (within: Context, labels: Labels): Context =>
  within.setValue(labelsKey, { ...(within.getValue(labelsKey) as Labels | undefined), ...labels })

/** Adds labels to the log lines of `work`. */
export const labelled = <T>(labels: Labels, work: () => T): T =>
  context.with(withLabels(context.active(), labels), work)

/** The labels of the work that is under way, with its trace. */
export function correlation(): Labels {
  const active = context.active()
  const labels = active.getValue(labelsKey) as Labels | undefined
  const traceId = trace.getSpanContext(active)?.traceId
  return traceId ? { ...labels, traceId } : { ...labels }
}

/** The id of the request that is being answered. */
export const currentRequestId = (): string | undefined =>
  (context.active().getValue(labelsKey) as Labels | undefined)?.requestId

/** W3C trace context of the work that is under way, for whoever continues it elsewhere. */
export function currentTraceparent(): string | undefined {
  const place = trace.getSpanContext(context.active())
  return place && writeTraceparent(place)
}
