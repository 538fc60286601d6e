import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { Blob, Blobs, Digest } from '../../../kernel/blobs/blobs.ts'
import { DomainError } from '../../../kernel/errors.ts'
import { createFramer, END, HEADER_BYTES, headerOf, isMarked, MARK, readFrames, uint32 } from './frames.ts'
import type { Piece, Pieces } from './piece.ts'
import { createSummary, type Summary } from './summary.ts'

/** Bytes that are written at once. */
const CHUNK_BYTES = 1 << 20

/** Stores documents as they come, in memory that does not grow with them; nothing is stored when they break off. */
export async function storeDocuments(blobs: Blobs, pieces: Pieces): Promise<{ blob: Blob; summary: Summary }> {
  const summary = createSummary()
  const framed = createFramer()
  let waiting: Uint8Array[] = [MARK]
  let size = 0
  const taken = () => {
    const bytes = Buffer.concat(waiting)
    waiting = []
    size = 0
    return bytes
  }
  async function* content(): AsyncGenerator<Uint8Array> {
    for await (const batch of pieces) {
      for (const piece of batch) {
        for (const frame of framed(piece)) {
          summary.add(frame)
          waiting.push(headerOf(frame), frame.bytes)
          size += HEADER_BYTES + frame.bytes.length
          if (size >= CHUNK_BYTES) yield taken()
        }
      }
    }
    const { samples: _kept, ...facts } = summary.result()
    const trailer = Buffer.from(JSON.stringify(facts))
    waiting.push(uint32(END), trailer, uint32(trailer.length))
    yield taken()
  }
  const blob = await blobs.put(Readable.from(content(), { objectMode: false }))
  return { blob, summary: summary.result() }
}

export type Facts = Omit<Summary, 'samples'>

/** Documents in a store; null where the content is a text. */
export async function findDocuments(blobs: Blobs, digest: Digest) {
  const blob = await blobs.find(digest)
  if (!blob || blob.sizeBytes < MARK.length + 2 * HEADER_BYTES) return null
  const part = async (start: number, length: number) =>
    buffer(await blobs.read(digest, { start, end: start + length - 1 }))
  if (!isMarked(await part(0, MARK.length))) return null

  const length = (await part(blob.sizeBytes - HEADER_BYTES, HEADER_BYTES)).readUInt32LE()
  const start = blob.sizeBytes - HEADER_BYTES - length
  if (start < MARK.length) throw torn(digest)
  const facts = JSON.parse((await part(start, length)).toString()) as Facts
  return {
    facts,
    /** The frames, from the first to the last; the content's digest is checked on the way. */
    async *frames(): AsyncGenerator<Piece> {
      yield* readFrames(await blobs.read(digest))
    },
  }
}

const torn = (digest: Digest) =>
  new DomainError('INTERNAL', `The documents ${digest} end before their summary: restore the blob from a backup.`)
