import { createHash } from 'node:crypto'
import type { ModelVersion } from '../versions/version.ts'

/** `PENDING`: can be undone. `PURGING`: rows are gone, bytes are being removed. `PURGED`: nothing is left, `proof` says what went. */
export const deletionStatuses = ['PENDING', 'UNDONE', 'PURGING', 'PURGED'] as const
export type DeletionStatus = (typeof deletionStatuses)[number]

/** Versions that were taken away together, and what became of them. */
export interface Deletion {
  readonly id: string
  readonly project: string
  readonly status: DeletionStatus
  readonly requestedBy: string
  readonly reason: string
  readonly refs: readonly string[]
  readonly requestedAt: Date
  readonly purgeAfter: Date
  readonly settledAt: Date | null
  readonly proof: string | null
  readonly signature: string | null
  readonly keyId: string | null
}

/** What would go, and who depends on it. */
export interface Preview {
  readonly versions: readonly ModelVersion[]
  /** As `name/3`, in the order of `versions`. */
  readonly refs: readonly string[]
  /** Versions that stay and were made from these. */
  readonly dependents: readonly ModelVersion[]
  /** `name@alias`; while there is one, nothing is deleted. */
  readonly aliases: readonly string[]
  readonly files: number
  /** Of bytes that no other version has: what a purge frees. */
  readonly freedBytes: number
}

/** Names exactly this preview: who passes it on has seen what is deleted, and nothing has changed since. */
export function tokenOf({ versions, dependents, aliases }: Omit<Preview, 'refs'>): string {
  const seen = [versions.map(({ id }) => id), dependents.map(({ id }) => id), aliases]
  return createHash('sha256').update(JSON.stringify(seen)).digest('base64url').slice(0, 22)
}
