import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { DomainError, invalidInput, unavailable } from '../errors.ts'

/** A data key as it is kept: wrapped with the key-encryption key of that name. */
export interface Wrapped {
  readonly kek: string
  readonly data: string
}

/** Key-encryption keys. New data keys are wrapped with the newest; older ones still unwrap. */
export interface Keyring {
  readonly newest: string
  wrap(key: Buffer): Promise<Wrapped>
  /** Throws UNAVAILABLE where the key-encryption key cannot be had, INTERNAL where the wrapped key was altered. */
  unwrap(wrapped: Wrapped): Promise<Buffer>
}

/** Keys given as `name:base64 of 32 bytes`, separated by commas or lines, the newest first. */
export function localKeyring(text: string, place: string): Keyring {
  const entries = text
    .split(/[\n,]/)
    .map(entry => entry.trim())
    .filter(Boolean)
    .map(entry => {
      const [, name, encoded = ''] = /^([A-Za-z0-9_.-]+):([A-Za-z0-9+/_-]{43}=?)$/.exec(entry) ?? []
      const key = Buffer.from(encoded, 'base64')
      if (!name || key.length !== 32) throw unusable(place)
      return [name, key] as const
    })
  const [first] = entries
  if (!first) throw unusable(place)
  const [newest, newestKey] = first
  const keys = new Map(entries)
  return {
    newest,
    async wrap(key) {
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', newestKey, nonce)
      const sealed = Buffer.concat([nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()])
      return { kek: newest, data: sealed.toString('base64') }
    },
    async unwrap({ kek, data }) {
      const key = keys.get(kek)
      if (!key) throw unavailable(`${place} lacks the key "${kek}" that wraps stored data: add it behind the newest.`)
      const sealed = Buffer.from(data, 'base64')
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12), { authTagLength: 16 })
      decipher.setAuthTag(sealed.subarray(-16))
      try {
        return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()])
      } catch (cause) {
        const message = `A data key does not open with the key "${kek}" of ${place}: it was altered, or the key is another.`
        throw new DomainError('INTERNAL', message, { cause })
      }
    },
  }
}

const unusable = (place: string) =>
  invalidInput(`${place} must hold keys as NAME:BASE64, 32 bytes each: \`openssl rand -base64 32\` makes one.`)
