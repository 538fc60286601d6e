import { useCSRFPrevention } from '@graphql-yoga/plugin-csrf-prevention'
import type { ExecutionArgs, ExecutionResult } from 'graphql'
import { createYoga, type Plugin, type YogaServerInstance } from 'graphql-yoga'
import { LRUCache } from 'lru-cache'
import type { Log } from '../../kernel/log.ts'
import { maskError } from '../../kernel/masking.ts'
import type { GatewayContext } from '../context.ts'
import type { Plans } from '../execution/plans.ts'
import type { LoadedSupergraph } from '../execution/supergraph.ts'
import type { AdmissionParts } from '../identity/admission.ts'
import { authenticate } from '../identity/authentication.ts'
import { type Documents, persistedDocuments } from '../limits/documents.ts'
import { limitDocuments, maxBodyBytes } from '../limits/limits.ts'
import type { GatewayMetrics } from '../metrics/metrics.ts'
import { sandboxPage } from '../pages.ts'

export interface YogaParts extends AdmissionParts {
  readonly documents: Documents
  /** Origins of other sites whose pages may ask, with a key of their own. */
  readonly origins: readonly string[]
  readonly log: Log
  readonly metrics: GatewayMetrics
}

interface Execution {
  readonly supergraph: LoadedSupergraph
  readonly plans: Plans
  execute(args: ExecutionArgs): Promise<ExecutionResult>
  subscribe(args: ExecutionArgs): Promise<AsyncIterable<ExecutionResult> | ExecutionResult>
}

/** Everything that GraphQL over HTTP and WebSocket asks for: content negotiation, event streams, CORS, validation. */
export const openYoga = (
  parts: YogaParts,
  { supergraph, plans, execute, subscribe }: Execution,
): YogaServerInstance<GatewayContext, object> =>
  createYoga<GatewayContext, object>({
    schema: supergraph.schema,
    plugins: [
      // A browser asks before it sends any of these headers to another site.
      useCSRFPrevention({ requestHeaders: ['authorization', 'apollo-require-preflight', 'x-apollo-operation-name'] }),
      authenticate(parts, parts.log),
      persistedDocuments(parts.documents),
      limitDocuments(plans.parse),
      runPlans(plans, execute, subscribe),
      maskResults(parts.log),
      countErrors(parts.metrics),
    ],
    parserAndValidationCache: { documentCache: plans.documents, errorCache: shortMemory() },
    maskedErrors: { maskError: error => maskError(error, parts.log) },
    maxRequestBodySize: maxBodyBytes,
    renderGraphiQL: sandboxPage,
    multipart: false,
    cors: parts.origins.length > 0 && { origin: [...parts.origins], credentials: false, maxAge: 600 },
    landingPage: false,
    logging: false,
  })

/** Of documents that cannot be parsed: Yoga's own keeps a thousand of them, however long they are. */
const shortMemory = () =>
  new LRUCache<string, Error>({ maxSize: 500_000, sizeCalculation: (_error, source) => source.length + 1_000 })

const runPlans = (plans: Plans, execute: Execution['execute'], subscribe: Execution['subscribe']): Plugin => ({
  onExecute({ args, setExecuteFn }) {
    plans.noteValid(args.document)
    setExecuteFn(execute as never)
  },
  onSubscribe: ({ setSubscribeFn }) => setSubscribeFn(subscribe as never),
})

/** Complaints about a document reach the client without passing Yoga's masking, with codes that are not ours. */
const maskResults = (log: Log): Plugin => ({
  onExecutionResult({ result, setResult }) {
    if (!result || !('errors' in result) || !result.errors) return
    setResult({ ...result, errors: result.errors.map(error => maskError(error, log)) })
  },
})

/** Of answers whose operation never ran too, as for a caller that nobody knows. */
const countErrors = (metrics: GatewayMetrics): Plugin => ({
  onResultProcess({ result }) {
    if (Array.isArray(result) || !('errors' in result)) return
    for (const { extensions } of result.errors ?? []) metrics.error(extensions?.code)
  },
})
