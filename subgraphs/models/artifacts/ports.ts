import type { Blobs } from '../../../kernel/blobs/blobs.ts'
import type { VersionSigner } from '../signing/ports.ts'
import type { Versions } from '../versions/ports.ts'

export interface ArtifactParts {
  readonly versions: Pick<Versions, 'byId' | 'files'>
  readonly signer: VersionSigner
  now(): Date
  readonly blobs: Pick<Blobs, 'find' | 'read'>
}
