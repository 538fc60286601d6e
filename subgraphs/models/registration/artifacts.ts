import { createHash } from 'node:crypto'
import type { Blobs } from '../../../kernel/blobs/blobs.ts'
import type { Artifacts } from './ports.ts'

/** Reads the bytes as a stream: weights may be larger than memory should be. */
export function blobArtifacts(blobs: Blobs): Artifacts {
  return {
    async inspect(digest) {
      const blob = await blobs.find(digest)
      if (!blob) return 'missing'
      const hash = createHash('sha256')
      for await (const chunk of await blobs.read(digest)) hash.update(chunk)
      return `sha256:${hash.digest('hex')}` === digest ? { sizeBytes: blob.sizeBytes } : 'altered'
    },
  }
}
