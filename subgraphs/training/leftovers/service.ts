import type { LeftoverParts } from './ports.ts'

/** Bytes that were stored so recently may be of a job or a version that is about to be told of. Milliseconds. */
const graceMs = 60 * 60 * 1000

/** Removes what jobs that ended `keepMs` ago, or with their sweep, have left and nobody needs. */
export async function collectLeftovers({ leftovers, blobs, now }: LeftoverParts, keepMs: number): Promise<void> {
  const before = (ms: number) => new Date(now().getTime() - ms)
  for (const jobId of await leftovers.checkpointed(before(keepMs))) {
    // A checkpoint names its job, so no other has the same bytes.
    await leftovers.dropCheckpoints(jobId, digest => blobs.remove(digest))
  }
  for (const weights of await leftovers.weights(before(graceMs))) {
    await leftovers.settle(weights, () => blobs.collect(weights.digest, before(graceMs)))
  }
}
