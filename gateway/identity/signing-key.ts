import { join } from 'node:path'
import type { JWK } from 'jose'
import { keyFile } from '../../kernel/auth/key-file.ts'
import { newSigningKey, openSigner, type Signer } from '../../kernel/auth/tokens.ts'
import type { Env } from '../../kernel/env.ts'
import { invalidInput } from '../../kernel/errors.ts'

/** The signer of this forge: FORGE_SIGNING_KEY, or the key file in the data folder, which the first gateway makes. */
export async function openGatewaySigner(
  env: Pick<Env, 'FORGE_SIGNING_KEY' | 'FORGE_SIGNING_KEYS_PUBLISHED' | 'FORGE_DATA'>,
): Promise<Signer> {
  const others = readPublished(env.FORGE_SIGNING_KEYS_PUBLISHED)
  if (env.FORGE_SIGNING_KEY) return openSigner(readKey(env.FORGE_SIGNING_KEY, 'The variable FORGE_SIGNING_KEY'), others)
  const path = join(env.FORGE_DATA, 'signing-key.json')
  const text = await keyFile(path, async () => JSON.stringify(await newSigningKey()))
  return openSigner(readKey(text, `The file ${path}`), others)
}

function readKey(text: string, place: string): JWK {
  try {
    const key = JSON.parse(text) as JWK
    if (key.crv === 'Ed25519' && key.d && key.kid) return key
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw invalidInput(
    `${place} holds no private Ed25519 key as a JWK with a \`kid\`: mend it, or remove it to get a new one.`,
  )
}

function readPublished(text: string | undefined): readonly JWK[] {
  if (!text) return []
  try {
    const keys = JSON.parse(text) as JWK[]
    if (Array.isArray(keys) && keys.every(({ crv, x, kid }) => crv === 'Ed25519' && x && kid)) return keys
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw invalidInput('FORGE_SIGNING_KEYS_PUBLISHED must be a JSON array of Ed25519 keys as JWKs with a `kid`.')
}
