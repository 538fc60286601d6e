import type { CognateParts } from '../cognate/ports.ts'
import type { KnownVersion, VersionRef } from './version.ts'

/** What training has heard of versions: it reads their bytes by digest, and asks nobody. */
export interface KnownVersions {
  /** One that is not deleted. */
  find(project: string, ref: VersionRef): Promise<KnownVersion | null>
  /** The same version again changes nothing. */
  add(version: KnownVersion): Promise<void>
  /** `versionId` null: the alias names none any more. */
  moveAlias(project: string, modelName: string, alias: string, versionId: string | null): Promise<void>
  setDeleted(id: string, isDeleted: boolean): Promise<void>
  remove(id: string): Promise<void>
}

export interface EvoMergeParts extends CognateParts {
  readonly versions: KnownVersions
}
