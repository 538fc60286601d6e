import type { Readable } from 'node:stream'

/** `sha256:` and 64 hexadecimal digits. */
export type Digest = string

export interface Blob {
  readonly digest: Digest
  readonly sizeBytes: number
}

/** Offsets of bytes, both of them inside. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** Content-addressed bytes. What `put` has answered survives a crash; nothing half-written is ever visible. */
export interface Blobs {
  /** Stores the bytes; refuses them with INVALID_INPUT if `expected` is another digest than theirs. */
  put(bytes: Uint8Array | Readable, expected?: Digest): Promise<Blob>
  find(digest: Digest): Promise<Blob | null>
  /**
   * Throws NOT_FOUND. The stream of a whole blob breaks off with an INTERNAL error, before its last bytes, where the
   * content was altered. A part of a blob cannot be checked: who puts parts together compares the digest.
   */
  read(digest: Digest, part?: ByteRange): Promise<Readable>
  /** The whole content, its digest checked: an altered byte is an INTERNAL error, never a result. */
  bytes(digest: Digest): Promise<Uint8Array>
  /**
   * Removes a blob unless it was put, for the first time or again, after `before`: who has put it may be about to say
   * what for. True when it is not there any more.
   */
  collect(digest: Digest, before: Date): Promise<boolean>
  /** Forgets a blob; whoever calls it knows that nobody else needs these bytes. One that is not there is no failure. */
  remove(digest: Digest): Promise<void>
}
