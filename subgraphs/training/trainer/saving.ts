import { readCheckpoint, writeCheckpoint } from '../../../engine/formats/checkpoint.ts'
import type { RandomState } from '../../../engine/random.ts'
import type { TrainerState } from '../../../engine/training/training-state.ts'
import type { Blobs } from '../../../kernel/blobs/blobs.ts'
import type { SavedState } from '../attempts/service.ts'
import type { SavedTokenizer } from './preparation.ts'

/** All of a training between two steps. */
export interface TrainingState {
  readonly trainer: TrainerState
  readonly sampler: RandomState
  readonly tokenizer: SavedTokenizer
}

interface Described {
  /** Two jobs may be in the same state; this keeps one from losing its blob when the other forgets its own. */
  readonly jobId: string
  readonly step: number
  readonly sampler: RandomState
  readonly tokenizer: SavedTokenizer
}

/** Stores the state under its digest; it is whole or not there. */
export async function saveState(blobs: Blobs, jobId: string, saved: TrainingState): Promise<SavedState> {
  const { trainer, sampler, tokenizer } = saved
  const state: Described = { jobId, step: trainer.step, sampler, tokenizer }
  const { digest, sizeBytes } = await blobs.put(writeCheckpoint({ arrays: trainer.arrays, state }))
  return { step: trainer.step, digest, sizeBytes }
}

/** The newest of the checkpoints that is there unaltered, or null; `onBroken` hears of those that are not. */
export async function loadState(
  blobs: Blobs,
  checkpoints: readonly { readonly step: number; readonly digest: string }[],
  onBroken: (step: number, reason: unknown) => void,
): Promise<TrainingState | null> {
  for (const { step, digest } of checkpoints) {
    try {
      // The store compares the digest, and the file vouches for nothing else.
      const { arrays, state } = readCheckpoint<Described>(await blobs.bytes(digest))
      return { trainer: { step: state.step, arrays }, sampler: state.sampler, tokenizer: state.tokenizer }
    } catch (error) {
      onBroken(step, error)
      // Else the store would take it for what is there when the same state is saved again.
      await blobs.remove(digest)
    }
  }
  return null
}
