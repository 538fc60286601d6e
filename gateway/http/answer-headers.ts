import type { ServerResponse } from 'node:http'
import type { HeaderWriter } from '../identity/rates.ts'

/** Headers of an answer, kept until it is known who writes it: to Node it is one thing to set each, and less to write all. */
export interface AnswerHeaders {
  readonly kept: Readonly<Record<string, string>>
  /** Of no consequence once the headers have gone out. */
  readonly write: HeaderWriter
  /** Sets what is kept, and from then on each at once: for whoever writes the answer without a look at these. */
  set(): void
}

export function answerHeaders(response: ServerResponse, first: Record<string, string>): AnswerHeaders {
  const kept = first
  let isSet = false
  const write: HeaderWriter = (name, value) => {
    if (!isSet) kept[name] = value
    else if (!response.headersSent) response.setHeader(name, value)
  }
  return {
    kept,
    write,
    set() {
      if (isSet) return
      isSet = true
      for (const [name, value] of Object.entries(kept)) write(name, value)
    },
  }
}
