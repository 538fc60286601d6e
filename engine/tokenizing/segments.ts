/** An ASCII letter. */
const isLetter = (code: number): boolean => (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a

/**
 * Cuts text before every space that follows a letter: there every supported pre-tokenizer cuts too, whatever stands
 * before or behind. Segments repeat as words do, so that what is worked out for one need not be worked out again.
 */
export function* segments(text: string): Generator<string> {
  let start = 0
  for (let at = text.indexOf(' ', 1); at > 0; at = text.indexOf(' ', at + 1)) {
    if (!isLetter(text.charCodeAt(at - 1))) continue
    yield text.slice(start, at)
    start = at
  }
  if (start < text.length) yield text.slice(start)
}

/** Where the last segment begins, 0 where there is one only: texts cut there give the tokens of the whole. */
export function lastSegmentStart(text: string): number {
  for (let at = text.lastIndexOf(' '); at > 0; at = text.lastIndexOf(' ', at - 1)) {
    if (isLetter(text.charCodeAt(at - 1))) return at
  }
  return 0
}

/** A part of a text as a text of its own: V8 keeps the whole alive behind a part of 13 characters or more. */
export function copied(part: string): string {
  return part.length < 13 ? part : Buffer.from(part, 'utf16le').toString('utf16le')
}
