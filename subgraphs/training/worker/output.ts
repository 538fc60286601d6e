import { StringDecoder } from 'node:string_decoder'
import { counted } from '../../../engine/counted.ts'
import type { LogSource } from '../../../schema/values.ts'
import { lineText, longest, type NewLine } from '../logs/line.ts'

export type Printed = Pick<NewLine, 'at' | 'source' | 'event' | 'text'>

/** What may wait to be stored, in lines and in characters. */
const mostWaiting = { lines: 2_000, characters: 1_000_000 }

export interface OutputInbox {
  /** A reader of one stream. */
  reader(source: LogSource, onLine: (text: string) => void): { push(chunk: Uint8Array): void; end(): void }
  /** All that waits, with a line that says how much was dropped. */
  take(): readonly Printed[]
}

/**
 * Holds what a process prints until it is stored. The process never waits for that: what comes faster is dropped and
 * counted, and of a line no more is held than is kept.
 */
export function outputInbox(now: () => Date, wake: () => void): OutputInbox {
  let lines: Printed[] = []
  let characters = 0
  let dropped = 0
  const put = (source: LogSource, text: string) => {
    if (lines.length >= mostWaiting.lines || characters >= mostWaiting.characters) dropped += 1
    else lines.push({ at: now(), source, event: null, text })
    characters += text.length
    wake()
  }
  return {
    reader: (source, onLine) =>
      lineReader(text => {
        put(source, text)
        onLine(text)
      }),
    take() {
      const taken = lines
      if (dropped > 0) {
        const text = `missing here: ${counted(dropped, 'line')} of output, which came faster than could be stored`
        taken.push({ at: now(), source: 'FORGE', event: 'dropped', text })
      }
      lines = []
      characters = dropped = 0
      return taken
    },
  }
}

/** Cuts UTF-8 into lines: at line feeds, and at carriage returns, with which progress bars are drawn. */
function lineReader(tell: (text: string) => void) {
  const decoder = new StringDecoder('utf8')
  let kept = ''
  let length = 0
  let isAfterReturn = false
  const keep = (part: string) => {
    kept += part.slice(0, longest - kept.length)
    length += part.length
  }
  const finish = () => {
    tell(lineText(kept, length))
    kept = ''
    length = 0
  }
  const read = (text: string) => {
    if (text === '') return
    const [first, ...others] = (isAfterReturn && text.startsWith('\n') ? text.slice(1) : text).split(/\r\n|\n|\r/)
    keep(first!)
    for (const part of others) {
      finish()
      keep(part)
    }
    isAfterReturn = text.endsWith('\r')
  }
  return {
    push: (chunk: Uint8Array) => read(decoder.write(chunk as Buffer)),
    end() {
      read(decoder.end())
      if (length > 0) finish()
    },
  }
}
