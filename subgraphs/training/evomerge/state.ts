import { readCheckpoint, writeCheckpoint } from '../../../engine/formats/checkpoint.ts'
import type { CmaState } from '../../../engine/search/cma-es.ts'
import type { Blobs } from '../../../kernel/blobs/blobs.ts'
import type { SavedState } from '../attempts/service.ts'

/** The best that was found: one of the parents, or a merge. */
export interface Best {
  readonly loss: number
  readonly found: { readonly parent: number } | { readonly method: string; readonly point: readonly number[] }
}

/** All of a search between two generations. */
export interface SearchState {
  /** Generations behind it, of all methods. */
  readonly step: number
  /** Null at the beginning of a method. */
  readonly cma: CmaState | null
  readonly best: Best
  /** Of every parent, on the text that decides. */
  readonly parentLosses: readonly number[]
  readonly evaluations: number
}

export async function saveSearch(blobs: Blobs, jobId: string, state: SearchState): Promise<SavedState> {
  const arrays = { mean: Float32Array.from(state.cma?.mean ?? [0]) }
  const { digest, sizeBytes } = await blobs.put(writeCheckpoint({ arrays, state: { jobId, ...state } }))
  return { step: state.step, digest, sizeBytes }
}

/** The newest of the checkpoints that is there unaltered, or null; `onBroken` hears of those that are not. */
export async function loadSearch(
  blobs: Blobs,
  checkpoints: readonly { readonly step: number; readonly digest: string }[],
  onBroken: (step: number, reason: unknown) => void,
): Promise<SearchState | null> {
  for (const { step, digest } of checkpoints) {
    try {
      return readCheckpoint<SearchState>(await blobs.bytes(digest)).state
    } catch (error) {
      onBroken(step, error)
      await blobs.remove(digest)
    }
  }
  return null
}
