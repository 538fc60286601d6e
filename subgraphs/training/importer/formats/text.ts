import type { Piece, Pieces } from '../../documents/piece.ts'
import type { TextUnit } from '../../imports/source.ts'

const NEWLINE = 0x0a
const RETURN = 0x0d
const nothing = Buffer.alloc(0)

export const textDocuments = (content: AsyncIterable<Buffer>, unit: TextUnit): Pieces =>
  unit === 'LINE' ? lines(content) : oneDocument(content)

async function* oneDocument(content: AsyncIterable<Buffer>): AsyncGenerator<Piece[]> {
  for await (const bytes of content) yield [{ bytes, isLast: false }]
  yield [{ bytes: nothing, isLast: true }]
}

/** Lines without their ends, `\n` or `\r\n`; an empty one is a document without a byte. */
export async function* lines(content: AsyncIterable<Buffer>): AsyncGenerator<Piece[]> {
  let held: Buffer = nothing
  for await (const chunk of content) {
    const bytes = held.length > 0 ? Buffer.concat([held, chunk]) : chunk
    held = nothing
    const pieces: Piece[] = []
    let start = 0
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      const isReturned = end > start && bytes[end - 1] === RETURN
      pieces.push({ bytes: bytes.subarray(start, isReturned ? end - 1 : end), isLast: true })
      start = end + 1
    }
    let rest = bytes.subarray(start)
    // Whether it belongs to the end of the line shows in the next chunk.
    if (rest.at(-1) === RETURN) {
      held = rest.subarray(-1)
      rest = rest.subarray(0, -1)
    }
    if (rest.length > 0) pieces.push({ bytes: rest, isLast: false })
    yield pieces
  }
  yield [{ bytes: held, isLast: true }]
}
