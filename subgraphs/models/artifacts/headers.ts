import type { Artifact, Wanted } from './artifact.ts'

/** What the answer's status line and headers say of an artifact. */
export function described(
  { digest, sizeBytes, path }: Artifact,
  wanted: Wanted,
): { readonly status: number; readonly headers: Readonly<Record<string, string | number>> } {
  const hash = Buffer.from(digest.replace(/^sha256:/, ''), 'hex').toString('base64')
  const always = {
    etag: etagOf(digest),
    'accept-ranges': 'bytes',
    // A key may be revoked, so a cache asks again; the tag spares it the bytes.
    'cache-control': 'private, no-cache',
    'x-content-type-options': 'nosniff',
  }
  if (wanted === 'unchanged') return { status: 304, headers: always }
  if (wanted === 'unsatisfiable') {
    return { status: 416, headers: { ...always, 'content-range': `bytes */${sizeBytes}`, 'content-length': 0 } }
  }
  const { start, end } = wanted.part ?? { start: 0, end: sizeBytes - 1 }
  return {
    status: wanted.part ? 206 : 200,
    headers: {
      ...always,
      'content-type': 'application/octet-stream',
      'content-disposition': `attachment; filename="${path.split('/').at(-1)}"`,
      'content-length': end - start + 1,
      ...(wanted.part && { 'content-range': `bytes ${start}-${end}/${sizeBytes}` }),
      // RFC 9530, and RFC 3230 for those who still read that: both over the whole file, also for a part of it.
      'repr-digest': `sha-256=:${hash}:`,
      digest: `SHA-256=${hash}`,
    },
  }
}

export const etagOf = (digest: string): string => `"${digest}"`
