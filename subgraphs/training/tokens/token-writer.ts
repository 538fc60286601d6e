import type { FileHandle } from 'node:fs/promises'
import { HEADER_BYTES, headerOf } from './token-file.ts'

/** Ids that wait to be written. */
const BUFFERED = 1 << 20

/** Appends ids to a file, behind the place of its header. */
export function tokenWriter(file: FileHandle, width: 2 | 4) {
  const buffered = width === 2 ? new Uint16Array(BUFFERED) : new Int32Array(BUFFERED)
  const bytes = Buffer.from(buffered.buffer)
  let waiting = 0
  let written = 0

  const flush = async () => {
    const length = waiting * width
    for (let done = 0; done < length; ) {
      done += (await file.write(bytes, done, length - done, HEADER_BYTES + written * width + done)).bytesWritten
    }
    written += waiting
    waiting = 0
  }
  return {
    async write(ids: ArrayLike<number>): Promise<void> {
      for (let at = 0; at < ids.length; at++) {
        buffered[waiting++] = ids[at]!
        if (waiting === BUFFERED) await flush()
      }
    },
    flush,
    count: () => written + waiting,
  }
}

/** Puts what the other file has behind what this one has, and the header before it; then the file is whole. */
export async function join(file: FileHandle, training: number, other: FileHandle, validation: number, width: 2 | 4) {
  const part = Buffer.alloc(4 << 20)
  const end = HEADER_BYTES + validation * width
  for (let from = HEADER_BYTES; from < end; ) {
    const { bytesRead } = await other.read(part, 0, Math.min(part.length, end - from), from)
    from += (await file.write(part, 0, bytesRead, from + training * width)).bytesWritten
  }
  await seal(file, training, validation, width)
}

export async function seal(file: FileHandle, training: number, validation: number, width: 2 | 4): Promise<void> {
  await file.write(headerOf({ training, validation }, width), 0, HEADER_BYTES, 0)
  await file.sync()
}
