import type { IncomingMessage } from 'node:http'

/** A GraphQL request by its parts; those that are absent are undefined or null. */
export interface OperationParams {
  readonly query?: string | null
  readonly operationName?: string | null
  readonly variables?: Readonly<Record<string, unknown>> | null
  readonly extensions?: { readonly persistedQuery?: { readonly sha256Hash?: unknown } } | null
}

const jsonTypes: readonly unknown[] = ['application/json', 'application/json; charset=utf-8']
const acceptedTypes: readonly unknown[] = [undefined, '*/*', 'application/json', 'application/json, */*']
const names: readonly string[] = ['query', 'operationName', 'variables', 'extensions']

/** Whether this is a GraphQL request as most programs send it: JSON of a known length, for JSON, from no web page. */
export const isPlain = ({ method, url, headers }: IncomingMessage, maxBodyBytes: number): boolean =>
  method === 'POST' &&
  url === '/graphql' &&
  jsonTypes.includes(headers['content-type']) &&
  acceptedTypes.includes(headers.accept) &&
  headers.origin === undefined &&
  headers['content-encoding'] === undefined &&
  Number(headers['content-length']) <= maxBodyBytes

/** The whole body; undefined when the client has gone before its end. */
export function readBody(request: IncomingMessage): Promise<Buffer | undefined> | Buffer {
  // A short body arrives with its headers, as a rule.
  const arrived: Buffer | null = request.complete ? request.read() : null
  if (arrived) return arrived
  return new Promise(resolve => {
    const chunks: Buffer[] = []
    request.on('data', chunk => chunks.push(chunk))
    request.once('end', () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)))
    request.once('close', () => resolve(undefined))
  })
}

/** Undefined for what is no well-formed request. */
export function readParams(body: Buffer): OperationParams | undefined {
  let params: unknown
  try {
    params = JSON.parse(body.toString())
  } catch {
    return
  }
  if (!isObject(params) || !Object.keys(params).every(name => names.includes(name))) return
  const { query, operationName, variables, extensions } = params
  const isText = (value: unknown) => value == null || typeof value === 'string'
  const isPart = (value: unknown) => value == null || isObject(value)
  const { persistedQuery } = (extensions ?? {}) as Record<string, unknown>
  return isText(query) && isText(operationName) && isPart(variables) && isPart(extensions) && isPart(persistedQuery)
    ? params
    : undefined
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
