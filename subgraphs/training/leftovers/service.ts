import type { LeftoverParts } from './ports.ts'

/** Removes, or gives up, what jobs that ended `keepMs` ago, or with their sweep, have left and nobody needs. */
export async function collectLeftovers({ leftovers, blobs, now }: LeftoverParts, keepMs: number): Promise<void> {
  for (const jobId of await leftovers.checkpointed(new Date(now().getTime() - keepMs))) {
    // A checkpoint names its job, so no other has the same bytes.
    await leftovers.dropCheckpoints(jobId, digest => blobs.remove(digest))
  }
  for (const weights of await leftovers.weights()) await leftovers.dropWeights(weights)
}
