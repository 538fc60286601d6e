import type { OperationScope } from '../context.ts'
import type { Answer } from '../execution/failures.ts'

export type Json = Record<string, unknown>

/** What executes the fetches of a plan: a subgraph, or an event that stands in for one. It gives no cause to throw but bugs. */
export interface Service {
  process(fetch: ServiceFetch): Promise<Answer>
}

export interface ServiceFetch {
  readonly request: {
    readonly query: string
    readonly variables: Readonly<Json>
    readonly operationName: string | undefined
    /** Whether it may be asked again: what is no mutation. */
    readonly idempotent: boolean
  }
  readonly context: OperationScope
}

/** One execution of a plan. */
export interface Run {
  readonly services: Readonly<Record<string, Service>>
  readonly scope: OperationScope
  /** As the client sent them; fetches pass them on. */
  readonly variables: Readonly<Json>
  /** With their defaults. */
  readonly coerced: Readonly<Json>
  /** The merged answers so far. */
  readonly data: Json
  readonly errors: PlacedError[]
  /** Answers by what was asked, for fetches that the plan has several times over. */
  readonly shared: Map<string, Promise<Answer>>
}

export interface PlacedError {
  readonly message: string
  readonly path: readonly (string | number)[] | undefined
  readonly extensions: Readonly<Json> | undefined
}

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Names of an answer can be anything that is a name, also `constructor`. */
export const read = (object: Json, name: string): unknown => (Object.hasOwn(object, name) ? object[name] : undefined)
