import type { IncomingMessage, ServerResponse } from 'node:http'
import { PassThrough } from 'node:stream'
import type { Verify } from '../../../kernel/auth/tokens.ts'
import type { Blobs } from '../../../kernel/blobs/blobs.ts'
import { DomainError, type ErrorCode, forbidden, invalidInput } from '../../../kernel/errors.ts'

export interface UploadParts {
  readonly blobs: Pick<Blobs, 'put' | 'find'>
  /** Notes that nobody has these bytes yet: if no version comes to have them, they are collected. */
  noteOrphan(digest: string): Promise<void>
}

const statuses: Partial<Record<ErrorCode, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  INVALID_INPUT: 400,
  RESOURCE_EXHAUSTED: 507,
}
/** Bytes of one file. */
const largest = 64 * 1024 ** 3

/** PUT /artifacts/blobs/<digest>: stores the body if it is what the digest says, for keys that may write models. */
export const uploadRoute =
  ({ blobs, noteOrphan }: UploadParts, verify: Verify) =>
  async (request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
    const [, digest] = /^\/artifacts\/blobs\/([^/?]+)$/.exec(request.url ?? '') ?? []
    if (digest === undefined || request.method !== 'PUT') return false
    try {
      const { scopes, principal } = await verify(request.headers.authorization)
      if (!scopes.includes('models:write'))
        throw forbidden(`${principal} lacks the scope models:write: ask an admin for it.`)
      const length = Number(request.headers['content-length'])
      if (!(length <= largest)) throw invalidInput(`Send a content-length of at most ${largest} bytes.`)
      const { 'content-encoding': encoding } = request.headers
      if (encoding !== undefined && encoding !== 'identity') throw compressed(encoding)
      const wanted = decodeURIComponent(digest)
      // What is there already is somebody's, maybe a dataset of training: only its owner lets go of it.
      if ((await blobs.find(wanted)) === null) await noteOrphan(wanted)
      // A store that has the bytes ends their stream at once, and with it would go the connection.
      const body = new PassThrough()
      request.once('close', () => request.complete || body.destroy(new Error('The upload broke off.'))).pipe(body)
      const stored = await blobs.put(body, wanted)
      request.resume()
      response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify(stored))
    } catch (error) {
      if (!(error instanceof DomainError)) throw error
      const { code, message } = error
      // What is left of the body is not read: the connection ends with the answer.
      response.writeHead(statuses[code] ?? 503, { 'content-type': 'application/json', connection: 'close' })
      response.end(JSON.stringify({ errors: [{ message, extensions: { code } }] }))
    }
    return true
  }

/** The digest and the length are of the bytes themselves; and nothing here ever unpacks what somebody sends. */
const compressed = (encoding: string) =>
  invalidInput(`The body is compressed (${JSON.stringify(encoding)}): send the bytes as the digest names them.`)
