import type { Sample } from '../documents/summary.ts'
import type { ImportSource } from '../imports/source.ts'

export interface Dataset {
  readonly id: string
  /** `*` for those that come with the forge. */
  readonly project: string
  readonly name: string
  /** Of the content, under which the blob store has it. */
  readonly digest: string
  readonly sizeBytes: number
  /** Unicode code points. */
  readonly characters: number
  /** A text is one. */
  readonly documents: number
  readonly shortestBytes: number | null
  readonly longestBytes: number | null
  /** How some documents begin; null of a text, whose beginning is read when it is asked for. */
  readonly samples: readonly Sample[] | null
  /** What it was imported from; null of a text. */
  readonly source: ImportSource | null
  readonly idempotencyKey: string | null
  readonly createdAt: Date
}

/** How many tokens a dataset is, as the newest training on it has counted them. */
export interface DatasetTokens {
  readonly jobId: string
  readonly training: number
  /** Kept for validation. */
  readonly validation: number
}

/** The project of what comes with the forge: everybody sees it, nobody changes it. */
export const everyProject = '*'

export const isBuiltIn = ({ project }: Dataset): boolean => project === everyProject

/** Largest text inside a request, in bytes. */
export const inlineLimit = 4 * 1024 * 1024
/** Largest text, in bytes, which is held in memory to be tokenized; what is imported may be larger. */
export const sizeLimit = 256 * 1024 * 1024

const namePattern = /^[a-z0-9][a-z0-9._-]{0,63}$/
export const isDatasetName = (name: string): boolean => namePattern.test(name)
