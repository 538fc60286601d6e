import type { JobError } from '../jobs/job.ts'
import type { ImportSource } from './source.ts'

export const importStatuses = ['IMPORTING', 'READY', 'FAILED', 'CANCELLED'] as const
export type ImportStatus = (typeof importStatuses)[number]

/** A dataset in the making: it appears, whole, when this is READY. */
export interface DatasetImport {
  readonly id: string
  readonly project: string
  /** Of the dataset. */
  readonly name: string
  readonly status: ImportStatus
  readonly source: ImportSource
  readonly principal: string
  /** From 0 to 1. */
  readonly progress: number
  /** Of the source, before it is unpacked. */
  readonly bytesRead: number
  readonly documents: number
  /** What was passed over, in sentences. */
  readonly notes: readonly string[]
  /** Processes of it that were lost. */
  readonly crashes: number
  readonly datasetId: string | null
  readonly error: JobError | null
  readonly idempotencyKey: string | null
  readonly createdAt: Date
  readonly finishedAt: Date | null
}

/** Processes of an import that may be lost before it is given up. */
export const mostCrashes = 3
