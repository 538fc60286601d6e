import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { ForgeError } from './errors.ts'

/** Who made a version from what, as the forge signs it. */
export interface Statement {
  readonly format: string
  readonly version: {
    readonly id: string
    readonly project: string
    readonly model: string
    readonly number: number
    readonly phase: string
    readonly registeredAt: string
  }
  readonly madeBy: Readonly<Record<string, unknown>>
  readonly dataset: { readonly id: string; readonly fingerprint: string } | null
  readonly parents: readonly { readonly id: string; readonly digest: string | null }[]
  readonly files: readonly { readonly path: string; readonly digest: string; readonly sizeBytes: number }[]
  readonly digest: string
}

export interface Seal {
  readonly manifest: string
  readonly signature: string
  readonly keyId: string
}

const format = 'agent-forge/version@1'

/** What was signed, or why it cannot be believed. */
export function readSeal(seal: Seal | null | undefined, key: KeyObject): Statement | string {
  if (!seal) return 'it is not signed: it was registered before versions were'
  const { manifest, signature, keyId } = seal
  if (keyId !== thumbprint(key)) return `it is signed by the key ${keyId}, and the trusted one is ${thumbprint(key)}`
  if (!verify(null, Buffer.from(manifest), key, Buffer.from(signature, 'base64url'))) {
    return 'the signature is not of this manifest'
  }
  const statement = JSON.parse(manifest) as Statement
  return statement.format === format ? statement : `the manifest has the form "${statement.format}", not "${format}"`
}

/** Throws INVALID_INPUT for a text that is no public Ed25519 key. */
export function readPublicKey(pem: string): KeyObject {
  try {
    const key = createPublicKey(pem)
    if (key.asymmetricKeyType === 'ed25519') return key
  } catch {
    // Said below, whatever OpenSSL calls it.
  }
  throw new ForgeError('INVALID_INPUT', 'The key is no public Ed25519 key in PEM: save `modelSigningKey` of the forge.')
}

/** RFC 7638. */
function thumbprint(key: KeyObject): string {
  const { crv, kty, x } = key.export({ format: 'jwk' })
  return createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url')
}
