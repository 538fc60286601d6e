import { createHash, type KeyObject } from 'node:crypto'
import type { Connection } from './connection.ts'
import { ForgeError } from './errors.ts'
import * as documents from './generated/graphql.ts'
import { readPublicKey, readSeal, type Statement } from './statement.ts'

/** One thing that was looked at. */
export interface Check {
  readonly what: string
  readonly ok: boolean
  /** What was found; where `ok` is false, what is wrong. */
  readonly found: string
}

export interface Verification {
  readonly ref: string
  /** True where every check is. */
  readonly ok: boolean
  readonly checks: readonly Check[]
  /** What the manifest says; null where it cannot be believed. */
  readonly statement: Statement | null
}

type Sealed = NonNullable<documents.VersionSealQuery['modelVersion']>
type File = Statement['files'][number]

/** Ancestors that are followed. */
const mostAncestors = 200

export function verificationMethods({ transport, project }: Connection) {
  async function sealed(ref: string): Promise<{ version: Sealed; signingKey: string }> {
    const answer = await transport.request(documents.VersionSealDocument, { ref, project })
    const { modelVersion: version, modelSigningKey: signingKey } = answer
    if (!version || !signingKey) throw new ForgeError('INTERNAL', `The forge answered nothing for ${ref}.`)
    return { version, signingKey }
  }

  async function checkFile({ files }: Sealed, { path, digest, sizeBytes }: File): Promise<Check> {
    const url = files.find(file => file.path === path)?.url
    if (!url) return { what: path, ok: false, found: 'the forge no longer names this file' }
    const hash = createHash('sha256')
    let size = 0
    try {
      const response = await transport.get(url)
      if (!response.ok || !response.body) return { what: path, ok: false, found: `HTTP ${response.status}` }
      for await (const chunk of response.body) {
        hash.update(chunk)
        size += chunk.length
      }
    } catch (error) {
      return { what: path, ok: false, found: `the bytes broke off after ${size}: ${(error as Error).message}` }
    }
    const found = `sha256:${hash.digest('hex')}`
    if (found === digest && size === sizeBytes) return { what: path, ok: true, found: `${size} bytes, ${digest}` }
    return { what: path, ok: false, found: `${size} bytes, ${found}, and signed were ${sizeBytes}, ${digest}` }
  }

  async function checkAncestors(version: Sealed, statement: Statement, key: KeyObject, checks: Check[]) {
    const seen = new Set<string>()
    const queue = [{ version, statement }]
    for (let next = queue.shift(); next; next = queue.shift()) {
      for (const { id, digest } of next.statement.parents) {
        if (seen.has(id) || seen.size >= mostAncestors) continue
        seen.add(id)
        const ref = next.version.parents.find(parent => parent.id === id)?.ref
        const what = `parent ${ref ?? id}`
        if (!ref) {
          checks.push({ what, ok: false, found: 'the version is gone' })
          continue
        }
        const parent = (await sealed(ref)).version
        const claim = checkSeal(parent, key)
        if (typeof claim === 'string') checks.push({ what, ok: false, found: claim })
        else if (claim.digest !== digest) checks.push({ what, ok: false, found: `its digest is ${claim.digest}` })
        else {
          checks.push({ what, ok: true, found: `signed, ${digest}` })
          queue.push({ version: parent, statement: claim })
        }
      }
    }
  }

  return {
    /**
     * Proves who made a version from what: reads every byte of its files anew, and checks its signature, its manifest
     * and those of its ancestors. `key` is the forge's public key (PEM) as you know it; without one, the key that the
     * forge names is believed.
     */
    async verify(ref: string, { key: pem }: { key?: string } = {}): Promise<Verification> {
      const { version, signingKey } = await sealed(ref)
      const key = readPublicKey(pem ?? signingKey)
      const statement = checkSeal(version, key)
      if (typeof statement === 'string') {
        const checks = [{ what: 'signature', ok: false, found: statement }]
        return { ref: version.ref, ok: false, checks, statement: null }
      }
      const checks: Check[] = [{ what: 'signature', ok: true, found: `Ed25519, key ${version.seal!.keyId}` }]
      for (const file of statement.files) checks.push(await checkFile(version, file))
      await checkAncestors(version, statement, key, checks)
      return { ref: version.ref, ok: checks.every(({ ok }) => ok), checks, statement }
    },
  }
}

/** The statement of a version, or why it cannot be believed to be of it. */
function checkSeal(version: Sealed, key: KeyObject): Statement | string {
  const statement = readSeal(version.seal, key)
  if (typeof statement === 'string') return statement
  const { version: signed, files, digest } = statement
  const ref = `${signed.model}/${signed.number}`
  if (signed.id !== version.id || ref !== version.ref) return `the signed manifest is of ${ref} (${signed.id})`
  // What `sha256sum` prints for the files, hashed once more.
  const lines = files.map(file => `${file.digest.replace(/^sha256:/, '')}  ${file.path}\n`).join('')
  const found = `sha256:${createHash('sha256').update(lines).digest('hex')}`
  return found === digest ? statement : `the digest of the signed files is ${found}, and ${digest} is signed`
}
