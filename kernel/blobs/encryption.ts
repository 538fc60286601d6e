import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { DomainError } from '../errors.ts'
import type { Blob, ByteRange, Digest } from './blobs.ts'
import type { Keyring } from './keyring.ts'
import type { Objects } from './objects.ts'

/**
 * An encrypted object: `FORGEENC`, a format of one byte, seven zeros, the id of its data key (16 bytes); then chunks of 64 KiB, each
 * encrypted by AES-256-GCM and followed by its tag. The nonce is the chunk's index, which no other chunk of this key has;
 * authenticated with it are the key's id, the index, and whether it is the last: so no chunk can be cut off, moved or
 * come from another object. The data key is kept apart (`keys/ID`), wrapped with the digest of the content, so that it
 * can be wrapped anew without touching the object, and an object under another's name is found out.
 */
const magic = Buffer.from('FORGEENC\u0001\0\0\0\0\0\0\0', 'latin1')
const idBytes = 16
const headerBytes = magic.length + idBytes
const chunkBytes = 64 * 1024
const tagBytes = 16
const stride = chunkBytes + tagBytes

export interface Sealing {
  readonly chunks: AsyncIterable<Uint8Array>
  /** Stores the data key, before the object that needs it is there. */
  keep(objects: Objects, digest: Digest): Promise<void>
}

export interface Encryption {
  seal(plain: AsyncIterable<Uint8Array>): Sealing
  plainSize(storedSize: number): number
  /** Breaks off with an INTERNAL error at the first chunk that is not as it was written. */
  read(objects: Objects, object: Blob & { readonly name: string }, part?: ByteRange): Promise<Readable>
  /** Where the object's data key is: without it nobody reads the object again. */
  keyPlace(objects: Objects, object: Blob & { readonly name: string }): Promise<string>
  /** Wraps every data key with the newest key-encryption key; gives how many were wrapped with another. */
  rotate(objects: Objects): Promise<number>
}

export function encryptionWith(keyring: Keyring): Encryption {
  async function readId(objects: Objects, { name }: Blob & { readonly name: string }): Promise<Buffer> {
    const header = await buffer(await objects.read(name, { start: 0, end: headerBytes - 1 }))
    if (header.length < headerBytes || !header.subarray(0, magic.length).equals(magic)) throw altered(name, objects)
    return header.subarray(magic.length)
  }
  async function openKey(objects: Objects, object: Blob & { readonly name: string }) {
    const { name, digest } = object
    const id = await readId(objects, object)
    const place = keyPlace(id)
    if ((await objects.size(place)) === null) throw altered(name, objects)
    const wrapped = JSON.parse((await buffer(await objects.read(place))).toString())
    const opened = await keyring.unwrap(wrapped)
    // The key stands before the digest of what it encrypts.
    if (opened.subarray(32).toString('hex') !== digest.slice('sha256:'.length)) throw altered(name, objects)
    return { id, key: opened.subarray(0, 32) }
  }

  return {
    plainSize: stored => {
      const rest = Math.max(0, stored - headerBytes)
      return Math.max(0, rest - Math.ceil(rest / stride) * tagBytes)
    },
    seal(plain) {
      const [id, key] = [randomBytes(idBytes), randomBytes(32)]
      return {
        chunks: sealed(plain, id, key),
        async keep(objects, digest) {
          const hash = Buffer.from(digest.slice('sha256:'.length), 'hex')
          await writeKey(objects, keyPlace(id), await keyring.wrap(Buffer.concat([key, hash])))
        },
      }
    },
    async read(objects, object, part) {
      const { id, key } = await openKey(objects, object)
      const { start, end } = part ?? { start: 0, end: object.sizeBytes - 1 }
      return Readable.from(opened(objects, object, id, key, start, end), { objectMode: false })
    },
    keyPlace: async (objects, object) => keyPlace(await readId(objects, object)),
    async rotate(objects) {
      let count = 0
      for await (const place of objects.list('keys')) {
        const wrapped = JSON.parse((await buffer(await objects.read(place))).toString())
        if (wrapped.kek === keyring.newest) continue
        await writeKey(objects, place, await keyring.wrap(await keyring.unwrap(wrapped)))
        count += 1
      }
      return count
    },
  }
}

async function* sealed(plain: AsyncIterable<Uint8Array>, id: Buffer, key: Buffer): AsyncGenerator<Uint8Array> {
  yield Buffer.concat([magic, id])
  let index = 0
  let held = Buffer.alloc(0)
  for await (const part of plain) {
    held = Buffer.concat([held, part])
    // The last chunk is not known to be the last before the end.
    while (held.length > chunkBytes) {
      yield encrypt(held.subarray(0, chunkBytes), id, key, index++, false)
      held = held.subarray(chunkBytes)
    }
  }
  yield encrypt(held, id, key, index, true)
}

/** The plain bytes from `start` to `end`, both inside: only the chunks that hold them are read. */
async function* opened(
  objects: Objects,
  object: Blob & { readonly name: string },
  id: Buffer,
  key: Buffer,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  const last = Math.max(0, Math.ceil(object.sizeBytes / chunkBytes) - 1)
  const from = Math.min(last, Math.floor(start / chunkBytes))
  const to = Math.max(from, Math.min(last, Math.floor(Math.max(0, end) / chunkBytes)))
  const isWhole = to === last
  // Behind the last chunk nothing may follow, so the end is left open.
  const range = {
    start: headerBytes + from * stride,
    end: isWhole ? Number.MAX_SAFE_INTEGER : headerBytes + (to + 1) * stride - 1,
  }
  let index = from
  let held = Buffer.alloc(0)
  const open = (chunk: Buffer): Uint8Array => {
    const plain = decrypt(chunk, id, key, index, index === last)
    if (plain === null) throw altered(object.name, objects)
    const offset = index++ * chunkBytes
    return plain.subarray(Math.max(0, start - offset), Math.max(0, end + 1 - offset))
  }
  for await (const part of await objects.read(object.name, range)) {
    held = Buffer.concat([held, part])
    for (; held.length >= stride && index < last && index <= to; held = held.subarray(stride)) {
      yield open(held.subarray(0, stride))
    }
  }
  if (index <= to) yield open(held)
}

function encrypt(plain: Uint8Array, id: Buffer, key: Buffer, index: number, isLast: boolean): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonceOf(index))
  cipher.setAAD(contextOf(id, index, isLast))
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

function decrypt(chunk: Buffer, id: Buffer, key: Buffer, index: number, isLast: boolean): Buffer | null {
  if (chunk.length < tagBytes || chunk.length > stride) return null
  const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(index), { authTagLength: tagBytes })
  decipher.setAAD(contextOf(id, index, isLast))
  decipher.setAuthTag(chunk.subarray(chunk.length - tagBytes))
  try {
    return Buffer.concat([decipher.update(chunk.subarray(0, chunk.length - tagBytes)), decipher.final()])
  } catch {
    // GCM says no more than that it does not fit.
    return null
  }
}

function nonceOf(index: number): Buffer {
  const nonce = Buffer.alloc(12)
  nonce.writeUIntBE(index, 6, 6)
  return nonce
}

const contextOf = (id: Buffer, index: number, isLast: boolean): Buffer =>
  Buffer.concat([magic, id, nonceOf(index), Buffer.of(Number(isLast))])

const keyPlace = (id: Buffer): string => `keys/${id.toString('hex')}`

async function writeKey(objects: Objects, place: string, wrapped: object): Promise<void> {
  async function* bytes() {
    yield Buffer.from(JSON.stringify(wrapped))
  }
  await objects.write(bytes(), () => place)
}

const altered = (name: string, { place }: Objects) =>
  new DomainError('INTERNAL', `The encrypted object ${name} in ${place} is damaged: restore it from a backup.`)
