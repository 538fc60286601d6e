import type { MetricValue, Phase } from '../../../schema/values.ts'

/** What one job made; never changed. */
export interface ModelVersion {
  readonly id: string
  readonly modelId: string
  readonly project: string
  readonly number: number
  readonly phase: Phase
  readonly jobId: string
  readonly parameterCount: number
  readonly sizeBytes: number
  readonly digest: string
  readonly architecture: Readonly<Record<string, unknown>>
  readonly metrics: readonly MetricValue[]
  readonly dataset: { readonly id: string; readonly fingerprint: string } | null
  readonly parentIds: readonly string[]
  readonly createdAt: Date
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
