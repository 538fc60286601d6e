import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { JWK } from 'jose'
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
  return openSigner(readKey((await readIfThere(path)) ?? (await createKey(path)), `The file ${path}`), others)
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

/** Of several gateways that start at once one makes the key: linking a finished file into place fails for the others. */
async function createKey(path: string): Promise<string> {
  await mkdir(join(path, '..'), { recursive: true })
  const draft = `${path}.${randomUUID()}`
  await writeFile(draft, JSON.stringify(await newSigningKey()), { mode: 0o600, flag: 'wx' })
  try {
    await link(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await rm(draft)
  }
  return readFile(path, 'utf8')
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
}
