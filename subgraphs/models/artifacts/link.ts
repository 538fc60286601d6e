import { createPublicKey, verify } from 'node:crypto'
import { invalidInput } from '../../../kernel/errors.ts'
import type { VersionSigner } from '../signing/ports.ts'
import type { VersionFile } from '../versions/version.ts'
import { artifactUrl } from './artifact.ts'
import { badLink, expiredLink } from './errors.ts'

/** A link lives at least a second and at most a week. */
const longestSeconds = 7 * 24 * 60 * 60

/** An address that opens one file without a key, until `expires`. */
export function signedLink(
  signer: VersionSigner,
  { versionId, path }: VersionFile,
  seconds: number,
  now: Date,
): string {
  if (seconds < 1 || seconds > longestSeconds) {
    throw invalidInput(`seconds is ${seconds}: a link lives from 1 to ${longestSeconds} seconds.`)
  }
  const url = artifactUrl(versionId, path)
  const expires = Math.floor(now.getTime() / 1000) + seconds
  return `${url}?expires=${expires}&signature=${signer.seal(textOf(url, String(expires))).signature}`
}

/** True for a link that is good, false where the address has no signature. Throws FORBIDDEN for one that is bad or over. */
export function checkLink({ publicKey }: VersionSigner, { pathname, searchParams }: URL, now: Date): boolean {
  const [expires, signature] = [searchParams.get('expires'), searchParams.get('signature')]
  if (signature === null) return false
  const text = Buffer.from(textOf(pathname, expires ?? ''))
  if (!verify(null, text, createPublicKey(publicKey), Buffer.from(signature, 'base64url'))) throw badLink()
  if (Number(expires) * 1000 < now.getTime()) throw expiredLink(new Date(Number(expires) * 1000))
  return true
}

/** Begins unlike a manifest, so that a signature of one is never one of the other. */
const textOf = (pathname: string, expires: string): string => `agent-forge/link@1\n${pathname}\n${expires}`
