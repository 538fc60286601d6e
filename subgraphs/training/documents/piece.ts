/** Part of a document, UTF-8; a document may be larger than memory. */
export interface Piece {
  readonly bytes: Uint8Array
  /** Whether it ends its document. */
  readonly isLast: boolean
}

/** Many at a time, for documents may be a few bytes each. */
export type Pieces = AsyncIterable<Iterable<Piece>>

export const wholeDocument = (text: string): Piece => ({ bytes: Buffer.from(text), isLast: true })
