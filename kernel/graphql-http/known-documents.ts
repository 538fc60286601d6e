import type { DocumentNode } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { LRUCache } from 'lru-cache'

const maxDocuments = 1_000
/** Source text of all of them together, in characters. */
const maxSourceLength = 8_000_000

/** Documents that have passed every rule of validation, by their source. */
export interface KnownDocuments {
  find(source: string): DocumentNode | undefined
  /** For Yoga: what it has parsed, so that neither does it twice. */
  readonly parsed: LRUCache<string, DocumentNode>
  /** Notes what Yoga is about to run, which is valid. */
  readonly plugin: Plugin
}

export function knownDocuments(): KnownDocuments {
  const parsed = new LRUCache<string, DocumentNode>({
    max: maxDocuments,
    maxSize: maxSourceLength,
    sizeCalculation: (_document, source) => source.length + 1,
  })
  const valid = new WeakSet<DocumentNode>()
  return {
    parsed,
    find(source) {
      const document = parsed.get(source)
      return document && valid.has(document) ? document : undefined
    },
    plugin: { onExecute: ({ args }) => void valid.add(args.document) },
  }
}
