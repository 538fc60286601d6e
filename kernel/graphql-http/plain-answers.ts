import type { IncomingMessage, ServerResponse } from 'node:http'
import { type DocumentNode, type ExecutionResult, execute, type GraphQLSchema, getOperationAST } from 'graphql'
import type { Log } from '../log.ts'
import { maskError } from '../masking.ts'
import type { KnownDocuments } from './known-documents.ts'
import { type OperationParams, readParams } from './plain-request.ts'

interface Parts {
  readonly schema: GraphQLSchema
  readonly documents: KnownDocuments
  /** What resolvers find; throws for a caller that is nobody. */
  context(request: IncomingMessage, response: ServerResponse): Promise<object>
  readonly log: Log
}

/** Answers a plain request when its document has passed Yoga before; false leaves it to Yoga. */
export type PlainAnswers = (body: Buffer, request: IncomingMessage, response: ServerResponse) => Promise<boolean>

/**
 * The short way of a query or mutation whose document is known to be valid, as the gateway sends again and again. Yoga's
 * plugins, its Request and its Response cost more than reading a row; whatever is not plain takes that way.
 */
export function openPlainAnswers({ schema, documents, context, log }: Parts): PlainAnswers {
  async function resultOf(
    document: DocumentNode,
    params: OperationParams,
    request: IncomingMessage,
    response: ServerResponse,
  ) {
    try {
      const contextValue = await context(request, response)
      const { operationName, variables: variableValues } = params
      const result = await execute({ schema, document, operationName, variableValues, contextValue })
      return result.errors ? { ...result, errors: result.errors.map(error => maskError(error, log)) } : result
    } catch (error) {
      return { errors: [maskError(error, log)] }
    }
  }

  return async (body, request, response) => {
    const params = readParams(body)
    const document = params?.query ? documents.find(params.query) : undefined
    const operation = document && getOperationAST(document, params?.operationName)
    if (!operation || operation.operation === 'subscription') return false
    send(response, await resultOf(document, params!, request, response))
    return true
  }
}

/** As text, it leaves in one piece with its headers. */
function send(response: ServerResponse, result: ExecutionResult): void {
  if (response.destroyed) return
  const answer = JSON.stringify(result)
  response.writeHead(200, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(answer),
  })
  response.end(answer)
}
