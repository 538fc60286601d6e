import type { Blob, ByteRange } from '../../../kernel/blobs/blobs.ts'

/** A file of a version, as its bytes are stored. */
export interface Artifact extends Blob {
  readonly versionId: string
  readonly path: string
}

const root = '/artifacts/'

/** Paths of files need no escaping: registration refuses any that would. */
export const artifactUrl = (versionId: string, path: string): string => `${root}${versionId}/${path}`

/** What the path of a URL names; null where it is none of these. */
export function parseArtifactUrl(pathname: string): { readonly versionId: string; readonly path: string } | null {
  if (!pathname.startsWith(root)) return null
  const [versionId, ...path] = pathname.slice(root.length).split('/')
  return { versionId, path: path.join('/') }
}

/** What a request wants of the bytes. */
export type Wanted = { readonly part: ByteRange | null } | 'unsatisfiable' | 'unchanged'

/** The headers of a request that decide it, as they came. */
export interface Conditions {
  readonly range?: string
  readonly ifRange?: string
  readonly ifNoneMatch?: string
}

/**
 * The part that a request asks for (RFC 9110, 13.1 and 14.2); null is the whole. What is not one range of bytes, or is of
 * another content than `etag`, is answered with the whole, as the RFC allows.
 */
export function wantedPart({ range, ifRange, ifNoneMatch }: Conditions, etag: string, sizeBytes: number): Wanted {
  const known = ifNoneMatch?.split(',').map(tag => tag.trim().replace(/^W\//, '')) ?? []
  if (known.includes(etag) || known.includes('*')) return 'unchanged'
  if (range === undefined || (ifRange !== undefined && ifRange !== etag)) return { part: null }

  const [, from, to] = /^bytes=\s*(\d*)-(\d*)$/i.exec(range) ?? []
  if (from === undefined || (from === '' && to === '')) return { part: null }
  const last = sizeBytes - 1
  const start = from === '' ? Math.max(0, sizeBytes - Number(to)) : Number(from)
  const end = from === '' || to === '' ? last : Math.min(last, Number(to))
  // A last byte before the first one makes the header invalid, and an invalid one is ignored.
  if (from !== '' && to !== '' && Number(to) < start) return { part: null }
  return start > last ? 'unsatisfiable' : { part: { start, end } }
}
