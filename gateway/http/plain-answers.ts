import type { IncomingMessage, ServerResponse } from 'node:http'
import type { GraphQLSchema } from 'graphql'
import { type DocumentNode, type ExecutionArgs, type ExecutionResult, getOperationAST } from 'graphql'
import { DomainError } from '../../kernel/errors.ts'
import { type OperationParams, readParams } from '../../kernel/graphql-http/plain-request.ts'
import type { Log } from '../../kernel/log.ts'
import { maskError } from '../../kernel/masking.ts'
import type { GatewayContext } from '../context.ts'
import type { Plans } from '../execution/plans.ts'
import { type AdmissionParts, admit } from '../identity/admission.ts'
import { scopeOf } from '../identity/authentication.ts'
import type { Documents } from '../limits/documents.ts'
import type { GatewayMetrics } from '../metrics/metrics.ts'
import { statusOf } from './refusal.ts'

interface Parts extends AdmissionParts {
  readonly schema: GraphQLSchema
  readonly plans: Plans
  readonly documents: Documents
  execute(args: ExecutionArgs): Promise<ExecutionResult>
  readonly metrics: Pick<GatewayMetrics, 'error'>
  readonly log: Log
}

/** Answers a plain request when its document has passed Yoga before; false leaves it to Yoga. */
export type PlainAnswers = (
  body: Buffer,
  request: IncomingMessage,
  response: ServerResponse,
  context: GatewayContext,
) => Promise<boolean>

/**
 * The short way for a query or mutation whose document is known to be valid. Yoga, with its plugins, its Request and its
 * Response, takes as much of the processor as all the rest of a small query; whatever is not plain takes that way.
 */
export function openPlainAnswers(parts: Parts): PlainAnswers {
  const { schema, plans, documents, execute, metrics, log } = parts

  async function resultOf(args: ExecutionArgs, request: IncomingMessage, context: GatewayContext) {
    try {
      const header = (name: string) => request.headers[name] as string | undefined
      const identity = await admit(parts, { header, address: context.address, writeHeader: context.headers?.write })
      context.scope = scopeOf(identity, context, header, log)
      const result = await execute(args)
      return result.errors ? { ...result, errors: result.errors.map(error => maskError(error, log)) } : result
    } catch (error) {
      return { errors: [maskError(error, log)] }
    }
  }

  return async (body, request, response, context) => {
    const params = readParams(body)
    const document = params && knownDocument(plans, documents, params)
    if (!document) return false
    const { operationName, variables } = params
    const args = { schema, document, operationName, variableValues: variables ?? {}, contextValue: context }
    const result = await resultOf(args, request, context)
    for (const { extensions } of result.errors ?? []) metrics.error(extensions?.code)
    if (response.destroyed) return true
    // As text, it leaves in one piece with its headers.
    const answer = JSON.stringify(result)
    response.writeHead(statusOf(result), {
      ...context.headers?.kept,
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(answer),
    })
    response.end(answer)
    return true
  }
}

/** The valid document that a request asks to run, when its operation is one that has a single answer. */
function knownDocument(plans: Plans, documents: Documents, params: OperationParams): DocumentNode | undefined {
  const { query, operationName, extensions } = params
  const source = resolved(documents, query, extensions?.persistedQuery?.sha256Hash)
  const document = source ? plans.validated(source) : undefined
  const operation = document && getOperationAST(document, operationName)
  return operation && operation.operation !== 'subscription' ? document : undefined
}

function resolved(documents: Documents, query: string | null | undefined, hash: unknown): string | undefined {
  try {
    return documents.resolve(query ?? undefined, hash)
  } catch (error) {
    // Yoga refuses it, once it knows who asks.
    if (error instanceof DomainError) return
    throw error
  }
}
