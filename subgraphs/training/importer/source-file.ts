import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { pipeline } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { fileShrank, fileUnreadable, notUnpacked } from './errors.ts'

/** A file as it is when it is opened: what is added to it afterwards is not read. */
export interface SourceFile extends AsyncDisposable {
  /** For messages, and for its ending. */
  readonly name: string
  readonly size: number
  readonly handle: FileHandle
}

/** What there is to open; the name says what it is when the path does not. */
export interface Found {
  readonly name: string
  readonly path: string
  readonly size: number
}

export async function openSourceFile({ name, path, size }: Found): Promise<SourceFile> {
  // A named pipe would keep whoever opens it, for as long as nobody writes there.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(error => {
    throw fileUnreadable(name, error)
  })
  return { name, size, handle, [Symbol.asyncDispose]: () => handle.close() }
}

/** Bytes of the file itself, before they are unpacked, that have been read. */
export type Tick = (bytes: number) => void

/** The content, unpacked where the name ends in .gz or .zst. Throws when the file has become shorter. */
export async function* readContent({ name, size, handle }: SourceFile, tick: Tick): AsyncGenerator<Buffer> {
  async function* raw(): AsyncGenerator<Buffer> {
    if (size === 0) return
    let read = 0
    const stream = handle.createReadStream({ start: 0, end: size - 1, autoClose: false, highWaterMark: 1 << 18 })
    for await (const chunk of stream) {
      read += chunk.length
      tick(chunk.length)
      yield chunk
    }
    if (read < size) throw fileShrank(name, size, read)
  }
  const unpacking = name.endsWith('.gz') ? createGunzip() : name.endsWith('.zst') ? createZstdDecompress() : null
  if (!unpacking) return yield* raw()
  try {
    // What fails on the way ends the reading of what is unpacked, which says why.
    pipeline(raw(), unpacking, () => {})
    yield* unpacking as AsyncIterable<Buffer>
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    throw /^Z_|^ZSTD_|^ERR_ZSTD|^ERR_ZLIB/.test(code) ? notUnpacked(name, error as Error) : error
  }
}
