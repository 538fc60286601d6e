import { ROOT_CONTEXT, SpanKind, type Tracer, trace } from '@opentelemetry/api'
import type { EventDraft } from '../bus/bus.ts'
import { readTraceparent, writeTraceparent } from './traceparent.ts'

/**
 * Publishes events; each that belongs to a trace gets a span from its making to its place in the log, and whoever
 * handles it goes on from there.
 */
export async function publications(
  tracer: Tracer | undefined,
  drafts: readonly EventDraft[],
  publish: (drafts: readonly EventDraft[]) => Promise<void>,
): Promise<void> {
  if (!tracer) return publish(drafts)
  const spans = drafts.map(({ topic, id, at, traceparent }) => {
    const cause = readTraceparent(traceparent)
    if (!cause) return undefined
    const attributes = {
      'messaging.destination.name': topic,
      'messaging.message.id': id,
      'messaging.operation.type': 'send',
    }
    const options = { kind: SpanKind.PRODUCER, startTime: new Date(at), attributes }
    return tracer.startSpan(`publish ${topic}`, options, trace.setSpanContext(ROOT_CONTEXT, cause))
  })
  await publish(
    drafts.map((draft, at) => {
      const span = spans[at]
      return span ? { ...draft, traceparent: writeTraceparent(span.spanContext()) } : draft
    }),
  )
  // One that could not be published is begun again with the next try.
  for (const span of spans) span?.end()
}
