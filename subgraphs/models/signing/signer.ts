import { createPrivateKey, createPublicKey, type JsonWebKey, sign } from 'node:crypto'
import { join } from 'node:path'
import { keyFile } from '../../../kernel/auth/key-file.ts'
import { newSigningKey } from '../../../kernel/auth/tokens.ts'
import type { Env } from '../../../kernel/env.ts'
import { unusableKey } from './errors.ts'
import type { Seal, VersionSigner } from './ports.ts'

/** Signs with a private Ed25519 key, a JWK with a `kid`. Throws INVALID_INPUT where it is none. */
export function versionSigner(jwk: JsonWebKey & { kid?: string }, place: string): VersionSigner {
  const { crv, d, kid } = jwk
  if (crv !== 'Ed25519' || !d || !kid) throw unusableKey(place)
  const key = createPrivateKey({ key: jwk, format: 'jwk' })
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString()
  return {
    keyId: kid,
    publicKey,
    seal(text): Seal {
      return { manifest: text, signature: sign(null, Buffer.from(text), key).toString('base64url'), keyId: kid }
    },
  }
}

/** FORGE_MODEL_KEY, or a key file in the data folder, made at the first start. */
export async function openVersionSigner(env: Pick<Env, 'FORGE_MODEL_KEY' | 'FORGE_DATA'>): Promise<VersionSigner> {
  const path = join(env.FORGE_DATA, 'model-key.json')
  const text = env.FORGE_MODEL_KEY ?? (await keyFile(path, async () => JSON.stringify(await newSigningKey())))
  const place = env.FORGE_MODEL_KEY ? 'The variable FORGE_MODEL_KEY' : `The file ${path}`
  try {
    return versionSigner(JSON.parse(text), place)
  } catch (error) {
    throw error instanceof SyntaxError ? unusableKey(place) : error
  }
}
