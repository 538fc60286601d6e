import { operationFromDocument } from '@apollo/federation-internals'
import { buildOperationContext, type OperationContext } from '@apollo/gateway/dist/operationContext.js'
import type { QueryPlan } from '@apollo/query-planner'
import { type DocumentNode, parse } from 'graphql'
import { LRUCache } from 'lru-cache'
import { inSpan } from '../../kernel/telemetry/spans.ts'
import { maxTokens } from '../limits/limits.ts'
import type { GatewayMetrics } from '../metrics/metrics.ts'
import type { LoadedSupergraph } from './supergraph.ts'

/** Operations whose parsed form and plans are kept; a cold plan of a large operation costs some 80 ms. */
const maxDocuments = 2_000
/** Source text of all kept documents together, in characters: comments cost no tokens, so that a count is no bound. */
const maxSourceLength = 16_000_000

export interface OperationPlan {
  readonly document: DocumentNode
  readonly operation: OperationContext
  readonly queryPlan: QueryPlan
}

export interface HotDocument {
  readonly source: string
  /** Names of its operations that have a plan, '' for the only one. */
  readonly operations: readonly string[]
}

export interface Plans {
  /** Parsed documents by their source. */
  readonly documents: LRUCache<string, DocumentNode>
  /** Throws GraphQLError. */
  parse(source: string): DocumentNode
  /** Notes that a document has passed every rule of validation. */
  noteValid(document: DocumentNode): void
  /** The document of this source, when it is kept and known to be valid. */
  validated(source: string): DocumentNode | undefined
  /** The operations that were planned and run lately, the latest first. */
  hot(): readonly HotDocument[]
  /** Plans an operation of a valid document once; the plan lives as long as the document does. */
  plan(document: DocumentNode, operationName: string | null | undefined): OperationPlan
}

/** `asked` gives the document as the client sent it, when what is planned is only the part that the client may have. */
export function openPlans(
  { api, planner, schema }: LoadedSupergraph,
  asked: (document: DocumentNode) => DocumentNode = document => document,
  metrics?: Pick<GatewayMetrics, 'lookup'>,
): Plans {
  const documents = new LRUCache<string, DocumentNode>({
    max: maxDocuments,
    maxSize: maxSourceLength,
    sizeCalculation: (_document, source) => source.length + 1,
  })
  const plans = new WeakMap<DocumentNode, Map<string, OperationPlan>>()
  const valid = new WeakSet<DocumentNode>()

  return {
    documents,
    parse(source) {
      const known = documents.get(source)
      metrics?.lookup('document', known !== undefined)
      if (known) return known
      const document = inSpan('parse', {}, () => parse(source, { maxTokens }))
      documents.set(source, document)
      return document
    },
    hot: () =>
      [...documents.entries()].flatMap(([source, document]) =>
        valid.has(document) ? [{ source, operations: [...(plans.get(document)?.keys() ?? [])] }] : [],
      ),
    noteValid: document => void valid.add(document),
    validated(source) {
      const document = documents.get(source)
      if (!document || !valid.has(document)) return
      metrics?.lookup('document', true)
      return document
    },
    plan(document, operationName) {
      const ofDocument = plans.get(document) ?? new Map<string, OperationPlan>()
      plans.set(document, ofDocument)
      const known = ofDocument.get(operationName ?? '')
      metrics?.lookup('plan', known !== undefined)
      if (known) return known

      const name = operationName ?? undefined
      const operation = operationFromDocument(api, document, { operationName: name, validate: false })
      const plan: OperationPlan = inSpan('plan', {}, () => ({
        document,
        operation: buildOperationContext({ schema, operationDocument: asked(document), operationName: name }),
        queryPlan: planner.buildQueryPlan(operation),
      }))
      ofDocument.set(operationName ?? '', plan)
      return plan
    },
  }
}
