import type { Blobs } from '../../../kernel/blobs/blobs.ts'
import type { Versions } from '../versions/ports.ts'

export interface ArtifactParts {
  readonly versions: Pick<Versions, 'byId' | 'files'>
  readonly blobs: Pick<Blobs, 'find' | 'read'>
}
