import { createHash, type Hash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { DomainError } from '../errors.ts'
import type { Digest } from './blobs.ts'

export const digestOf = (hash: Hash): Digest => `sha256:${hash.digest('hex')}`

/** The content, whose last bytes leave only once all are known to be right: who counts them never has the whole of a damaged blob. */
export async function* checked(content: Readable, digest: Digest, folder: string): AsyncGenerator<Buffer> {
  const hash = createHash('sha256')
  let held: Buffer = Buffer.alloc(0)
  for await (const chunk of content) {
    hash.update(chunk)
    if (held.length > 0) yield held
    held = chunk
  }
  if (digestOf(hash) !== digest) throw damaged(digest, folder)
  if (held.length > 0) yield held
}

export const damaged = (digest: Digest, folder: string) =>
  new DomainError('INTERNAL', `The blob ${digest} in ${folder} is damaged: restore the file from a backup.`)
