import type { Readable } from 'node:stream'
import type { ByteRange } from './blobs.ts'

/** Bytes under names with `/` between folders, wherever they are kept: what the content-addressed store is built on. */
export interface Objects {
  /** For messages: where this is. */
  readonly place: string
  /** Writes all of the bytes under the name that `name` gives at their end, or nothing. What is there is replaced at once. */
  write(bytes: AsyncIterable<Uint8Array>, name: () => string | Promise<string>): Promise<void>
  size(name: string): Promise<number | null>
  /** The object is there: the caller has asked for its size. */
  read(name: string, part?: ByteRange): Promise<Readable>
  /** Makes the object young, so that nobody collects it; false where it has just been collected. */
  touch(name: string): Promise<boolean>
  /** Removes the object unless it was written or touched after `before`; true when it is not there any more. */
  collect(name: string, before: Date): Promise<boolean>
  remove(name: string): Promise<void>
  list(folder: string): AsyncIterable<string>
}
