import type { Piece } from './piece.ts'

/**
 * The content of a dataset of documents: the mark; frames, each a 32-bit header (little endian: the length, its highest
 * bit set in the last frame of a document) and the bytes; the header `END`; the summary as JSON; its length in 32 bits.
 * A text is never taken for it, for no UTF-8 begins with the mark's first byte.
 */
export const MARK = Uint8Array.of(0x89, 0x41, 0x46, 0x44, 0x4f, 0x43, 0x0a, 0x01)
export const HEADER_BYTES = 4
export const END = 0x7f_ff_ff_ff
const LAST = 0x80_00_00_00

/** Every frame but the last of a document has so many bytes, however the pieces came: equal documents, equal content. */
const FRAME_BYTES = 65_536

/** Whether a content begins as one of documents. */
export const isMarked = (beginning: Uint8Array): boolean =>
  Buffer.from(beginning.buffer, beginning.byteOffset, Math.min(MARK.length, beginning.byteLength)).equals(MARK)

/** Cuts pieces into frames. Documents without a byte vanish. */
export function createFramer() {
  let rest: Buffer = Buffer.alloc(0)
  return function* framed({ bytes, isLast }: Piece): Generator<Piece> {
    rest = rest.length > 0 ? Buffer.concat([rest, bytes]) : asBuffer(bytes)
    let from = 0
    for (; rest.length - from > FRAME_BYTES; from += FRAME_BYTES) {
      yield { bytes: rest.subarray(from, from + FRAME_BYTES), isLast: false }
    }
    rest = rest.subarray(from)
    if (!isLast) return
    if (rest.length > 0) yield { bytes: rest, isLast: true }
    rest = Buffer.alloc(0)
  }
}

export function headerOf({ bytes, isLast }: Piece): Buffer {
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt32LE(bytes.length + (isLast ? LAST : 0))
  return header
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES)
  bytes.writeUInt32LE(value)
  return bytes
}

/** The frames of a content, read from its beginning to its end, so that the store can check its digest. */
export async function* readFrames(content: AsyncIterable<Uint8Array>): AsyncGenerator<Piece> {
  let rest: Buffer = Buffer.alloc(0)
  let isAtStart = true
  let hasEnded = false
  for await (const chunk of content) {
    if (hasEnded) continue
    rest = rest.length > 0 ? Buffer.concat([rest, chunk]) : asBuffer(chunk)
    let at = 0
    if (isAtStart) {
      if (rest.length < MARK.length) continue
      at = MARK.length
      isAtStart = false
    }
    while (rest.length - at >= HEADER_BYTES) {
      const header = rest.readUInt32LE(at)
      hasEnded = header === END
      if (hasEnded) break
      const length = header & ~LAST
      const end = at + HEADER_BYTES + length
      if (rest.length < end) break
      yield { bytes: rest.subarray(at + HEADER_BYTES, end), isLast: header >= LAST }
      at = end
    }
    rest = rest.subarray(at)
  }
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
