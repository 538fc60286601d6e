import type { MetricValue, Phase } from '../../../schema/values.ts'

/** What one job made, or an import brought. Only its description and tags may change. */
export interface ModelVersion {
  readonly id: string
  readonly modelId: string
  readonly project: string
  readonly number: number
  readonly phase: Phase
  /** Null where it was imported. */
  readonly jobId: string | null
  readonly parameterCount: number
  readonly sizeBytes: number
  readonly digest: string
  readonly architecture: Readonly<Record<string, unknown>>
  readonly metrics: readonly MetricValue[]
  readonly dataset: { readonly id: string; readonly fingerprint: string } | null
  readonly parentIds: readonly string[]
  readonly createdAt: Date
  readonly description: string
  readonly tags: readonly string[]
  readonly runId: string | null
  readonly stepName: string | null
  /** Where it was imported from. */
  readonly source: Source | null
  /** What the signature is over; null for versions from before they were signed. */
  readonly manifest: string | null
  readonly signature: string | null
  readonly keyId: string | null
}

export interface Source {
  /** A folder's name, or `owner/name` of the hub. */
  readonly from: string
  /** The principal that brought it. */
  readonly by: string
}

export interface ModelFile {
  /** Relative, with `/` between folders. */
  readonly path: string
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest: string
  readonly sizeBytes: number
}

export interface VersionFile extends ModelFile {
  readonly versionId: string
}
