import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { Verify } from '../../../kernel/auth/tokens.ts'
import { DomainError, type ErrorCode } from '../../../kernel/errors.ts'
import type { Log } from '../../../kernel/log.ts'
import { parseArtifactUrl, wantedPart } from './artifact.ts'
import { described, etagOf } from './headers.ts'
import { checkLink } from './link.ts'
import type { ArtifactParts } from './ports.ts'
import { findArtifact, linkedArtifact } from './service.ts'

const statuses: Partial<Record<ErrorCode, number>> = { UNAUTHENTICATED: 401, FORBIDDEN: 403, NOT_FOUND: 404 }

/**
 * GET and HEAD /artifacts/<version id>/<path>: the bytes of a file, whole or in part, for signed identities that may read
 * models, and for whoever has a link. A failure is answered in the shape of a GraphQL error.
 */
export const artifactRoute =
  (parts: ArtifactParts, verify: Verify, log: Log) =>
  async (request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
    const url = new URL(request.url ?? '/', 'http://models')
    const named = parseArtifactUrl(url.pathname)
    if (!named) return false
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end()
      return true
    }
    try {
      const isLink = checkLink(parts.signer, url, parts.now())
      const artifact = isLink
        ? await linkedArtifact(parts, named.versionId, named.path)
        : await findArtifact(parts, await verify(request.headers.authorization), named.versionId, named.path)
      const { range, 'if-none-match': ifNoneMatch, 'if-range': ifRange } = request.headers
      const given = { range, ifNoneMatch, ifRange: ifRange as string | undefined }
      const wanted = wantedPart(given, etagOf(artifact.digest), artifact.sizeBytes)
      const { status, headers } = described(artifact, wanted)
      const hasBody = request.method === 'GET' && typeof wanted === 'object' && artifact.sizeBytes > 0
      const bytes = hasBody ? await parts.blobs.read(artifact.digest, wanted.part ?? undefined) : null
      response.writeHead(status, headers)
      if (bytes) await pipeline(bytes, response)
      else response.end()
    } catch (error) {
      refuse(request, response, error, log)
    }
    return true
  }

function refuse(request: IncomingMessage, response: ServerResponse, error: unknown, log: Log): void {
  if (response.headersSent) {
    // Breaking off is all that can still tell the reader, who may also be the one that left.
    const hasLeft = (error as NodeJS.ErrnoException).code === 'ERR_STREAM_PREMATURE_CLOSE'
    if (!hasLeft) log.error({ err: error, url: request.url }, 'a file broke off')
    response.destroy()
    return
  }
  if (!(error instanceof DomainError)) throw error
  const { code, message } = error
  response.writeHead(statuses[code] ?? 503, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ errors: [{ message, extensions: { code } }] }))
}
