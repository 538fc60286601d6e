import type { Model } from '../registry/model.ts'
import type { Page } from '../registry/ports.ts'
import type { ModelVersion, VersionFile } from './version.ts'

/** Where versions are read. Each call is one statement, however many ids it takes. */
export interface Versions {
  find(modelId: string, number: number): Promise<ModelVersion | null>
  aliased(modelId: string, alias: string): Promise<ModelVersion | null>
  list(modelId: string, page: Page): Promise<readonly ModelVersion[]>
  byId(ids: readonly string[]): Promise<readonly ModelVersion[]>
  ofJobs(jobIds: readonly string[]): Promise<readonly ModelVersion[]>
  newest(models: readonly Model[]): Promise<readonly ModelVersion[]>
  /** Versions made from one of these, oldest first; at most 100 times as many. */
  children(parentIds: readonly string[]): Promise<readonly ModelVersion[]>
  /** In the order of paths. */
  files(versionIds: readonly string[]): Promise<readonly VersionFile[]>
}
