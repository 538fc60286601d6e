import { randomBytes } from 'node:crypto'
import { type SpanContext, TraceFlags } from '@opentelemetry/api'

// W3C Trace Context, level 1; later versions may add fields at the end.
const form = /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(?:$|-)/

/** The place in a trace that a `traceparent` names; undefined when it is none. */
export function readTraceparent(text: string | null | undefined): SpanContext | undefined {
  const match = text ? form.exec(text) : null
  if (!match) return
  return {
    traceId: match[1]!,
    spanId: match[2]!,
    traceFlags: Number.parseInt(match[3]!, 16) & TraceFlags.SAMPLED,
    isRemote: true,
  }
}

export const writeTraceparent = ({ traceId, spanId, traceFlags }: SpanContext): string =>
  `00-${traceId}-${spanId}-0${traceFlags & TraceFlags.SAMPLED}`

const ofThisProcess = randomBytes(8).toString('hex')
let unrecorded = 0

/**
 * A trace that nobody records: its id connects the log lines of one request all the same. It differs from all others by
 * the process and a count, which cost less than new random digits.
 */
export function unrecordedTrace(): SpanContext {
  unrecorded += 1
  const count = unrecorded.toString(16).padStart(16, '0')
  return { traceId: ofThisProcess + count, spanId: count, traceFlags: TraceFlags.NONE }
}
