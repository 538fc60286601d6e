import type { IncomingMessage, ServerResponse } from 'node:http'
import { FileStore } from '@tus/file-store'
import { Server } from '@tus/server'
import { chosenProject, type Identity, mayAccess } from '../../../kernel/auth/identity.ts'
import type { Verify } from '../../../kernel/auth/tokens.ts'
import { DomainError, type ErrorCode } from '../../../kernel/errors.ts'
import { newId } from '../../../kernel/ids.ts'
import type { Log } from '../../../kernel/log.ts'
import { badUploadName, mayNotUpload, noUpload, sizeUntold } from './errors.ts'
import { readUpload } from './store.ts'

const statuses: Partial<Record<ErrorCode, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  INVALID_INPUT: 400,
}
const methods = ['POST', 'HEAD', 'PATCH', 'DELETE', 'OPTIONS']

/**
 * /uploads by tus 1.0 (tus.io): POST begins an upload, HEAD says how far it has come, PATCH goes on with it, DELETE takes it
 * back; for signed identities that may write training data, each in its project. A failure of ours is answered in the
 * shape of a GraphQL error.
 */
export function uploadRoute(folder: string, maxBytes: number, verify: Verify, log: Log) {
  const askedBy = new WeakMap<IncomingMessage, Identity>()
  const identityOf = (request: Request): Identity =>
    askedBy.get((request as Request & { runtime: { node: { req: IncomingMessage } } }).runtime.node.req)!
  const tus = new Server({
    path: '/uploads',
    datastore: new FileStore({ directory: folder }),
    maxSize: maxBytes,
    relativeLocation: true,
    allowedOrigins: [],
    namingFunction: () => newId('up'),
    async onIncomingRequest(request, id) {
      const upload = await readUpload(folder, id)
      if (upload && !mayAccess(identityOf(request), upload.project)) throw refusal(noUpload(id))
    },
    async onUploadCreate(request, { size, metadata }) {
      const { filename, project } = metadata ?? {}
      if (size === undefined) throw refusal(sizeUntold())
      if (!filename || filename.length > 200) throw refusal(badUploadName())
      const chosen = attempt(() => chosenProject(identityOf(request), project))
      return { metadata: { filename, project: chosen } }
    },
    onResponseError(_, error) {
      if (error instanceof Error) log.error({ err: error }, 'an upload failed')
      return undefined
    },
  })

  return async (request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
    if (!/^\/uploads(\/|\?|$)/.test(request.url ?? '')) return false
    if (!methods.includes(request.method ?? '')) {
      response.writeHead(405, { allow: methods.join(', ') }).end()
      return true
    }
    try {
      const identity = await verify(request.headers.authorization)
      if (!identity.scopes.includes('training:write')) throw mayNotUpload(identity.principal)
      askedBy.set(request, identity)
      await tus.handle(request, response)
    } catch (error) {
      if (!(error instanceof DomainError)) throw error
      const { status_code, body } = refusal(error)
      // What is left of the body is not read: the connection ends with the answer.
      response.writeHead(status_code, { 'content-type': 'application/json', connection: 'close' }).end(body)
    }
    return true
  }
}

/** As tus wants a failure to be thrown. */
const refusal = ({ code, message }: DomainError) => ({
  status_code: statuses[code] ?? 503,
  body: JSON.stringify({ errors: [{ message, extensions: { code } }] }),
})

function attempt<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw error instanceof DomainError ? refusal(error) : error
  }
}
