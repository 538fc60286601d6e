import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { DomainError, invalidInput, notFound } from '../errors.ts'
import type { Blob, Blobs, Digest } from './blobs.ts'
import { checked, damaged, digestOf } from './digest.ts'
import type { Encryption, Sealing } from './encryption.ts'
import type { Objects } from './objects.ts'

/**
 * Blobs by the SHA-256 of their content, over any objects. With `encryption`, what is stored from now on is encrypted;
 * what is there already in the clear stays readable.
 */
export function contentStore(objects: Objects, encryption?: Encryption): Blobs {
  const find = async (digest: Digest): Promise<Found | null> => {
    const name = nameOf(digest)
    const sealed = encryption && (await objects.size(`${name}.enc`))
    if (encryption && sealed != null) {
      return { name: `${name}.enc`, digest, sizeBytes: encryption.plainSize(sealed), isSealed: true }
    }
    const sizeBytes = await objects.size(name)
    return sizeBytes === null ? null : { name, digest, sizeBytes, isSealed: false }
  }
  const required = async (digest: Digest): Promise<Found> => {
    const found = await find(digest)
    if (found) return found
    throw notFound(`There is no blob ${digest} in ${objects.place}: it was never stored, or has been removed.`)
  }
  const open = async (found: Found, part?: { start: number; end: number }): Promise<Readable> =>
    found.isSealed ? encryption!.read(objects, found, part) : objects.read(found.name, part)
  const whole = async (found: Found) => checked(await open(found), found.digest, objects.place)

  /** Removes the data key too, after what it encrypts: from then on not even a copy can be read. */
  const withKey = async (found: Found, remove: () => Promise<boolean>): Promise<boolean> => {
    const key = found.isSealed ? await encryption!.keyPlace(objects, found).catch(unreadable) : null
    const isGone = await remove()
    if (isGone && key !== null) await objects.remove(key)
    return isGone
  }

  return {
    async find(digest) {
      const found = await find(digest)
      return found && { digest, sizeBytes: found.sizeBytes }
    },
    async put(bytes, expected) {
      const known = expected === undefined ? null : await find(expected)
      if (known && (await objects.touch(known.name))) {
        if (bytes instanceof Readable) bytes.destroy()
        return { digest: known.digest, sizeBytes: known.sizeBytes }
      }
      const reading = measured(bytes, expected)
      const sealing: Sealing | undefined = encryption?.seal(reading.chunks)
      try {
        await objects.write(sealing?.chunks ?? reading.chunks, async () => {
          const blob = reading.result()
          const there = await find(blob.digest)
          // An object of another length was cut short, and is replaced.
          if (there?.sizeBytes === blob.sizeBytes && (await objects.touch(there.name))) throw new AlreadyThere()
          await sealing?.keep(objects, blob.digest)
          return sealing ? `${nameOf(blob.digest)}.enc` : nameOf(blob.digest)
        })
      } catch (error) {
        if (!(error instanceof AlreadyThere)) throw error
      }
      return reading.result()
    },
    async read(digest, part) {
      const found = await required(digest)
      return part ? open(found, part) : Readable.from(await whole(found), { objectMode: false })
    },
    async bytes(digest) {
      const found = await required(digest)
      const hash = createHash('sha256')
      const parts: Buffer[] = []
      for await (const chunk of await open(found)) {
        hash.update(chunk)
        parts.push(chunk)
      }
      if (digestOf(hash) !== digest) throw damaged(digest, objects.place)
      return Buffer.concat(parts)
    },
    async collect(digest, before) {
      const found = await find(digest)
      if (!found) return true
      return withKey(found, () => objects.collect(found.name, before))
    },
    async remove(digest) {
      const found = await find(digest)
      if (found) await withKey(found, () => objects.remove(found.name).then(() => true))
    },
  }
}

/** An object whose header is damaged is removed all the same. */
function unreadable(error: unknown): null {
  if (error instanceof DomainError && error.code === 'INTERNAL') return null
  throw error
}

interface Found extends Blob {
  readonly name: string
  readonly isSealed: boolean
}

/** Ends a write whose bytes another one has stored meanwhile. */
class AlreadyThere extends Error {}

/** Throws INVALID_INPUT for a text that is no digest. */
export function checkedDigest(digest: string): Digest {
  nameOf(digest)
  return digest
}

function nameOf(digest: Digest): string {
  const hex = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1]
  if (hex === undefined) {
    throw invalidInput(`"${digest.slice(0, 80)}" is no digest: write sha256: and 64 hexadecimal digits.`)
  }
  return `${hex.slice(0, 2)}/${hex.slice(2)}`
}

/** The bytes as they pass, and what they were. Bytes that are not the expected ones end in an error, before their end. */
function measured(bytes: Uint8Array | Readable, expected?: Digest) {
  const hash = createHash('sha256')
  let sizeBytes = 0
  let blob: Blob | undefined
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes instanceof Readable ? bytes : [bytes]) {
      const part: Uint8Array = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
      hash.update(part)
      sizeBytes += part.byteLength
      yield part
    }
    blob = { digest: digestOf(hash), sizeBytes }
    if (expected !== undefined && blob.digest !== expected) {
      throw invalidInput(`The bytes are ${blob.digest}, not ${expected}: send them again.`)
    }
  }
  return { chunks: chunks(), result: () => blob! }
}
