import { readCheckpoint, writeCheckpoint } from '../../../engine/formats/checkpoint.ts'
import type { RandomState } from '../../../engine/random.ts'
import type { TrainerState } from '../../../engine/training/training-state.ts'
import type { Blobs } from '../../../kernel/blobs/blobs.ts'
import type { SavedTokenizer } from './preparation.ts'
import type { StoppingState } from './stopping.ts'

/** All of a training between two steps. */
export interface TrainingState {
  readonly trainer: TrainerState
  readonly sampler: RandomState
  readonly tokenizer: SavedTokenizer
  readonly stopping?: StoppingState
  /** The weights of the lowest validation loss, by name, where they are to become the version. */
  readonly best?: Weights | null
}

export type Weights = Readonly<Record<string, Float32Array>>

const bestPrefix = 'best.'

interface Described {
  /** Two jobs may be in the same state; this keeps one from losing its blob when the other forgets its own. */
  readonly jobId: string
  readonly step: number
  readonly sampler: RandomState
  readonly tokenizer: SavedTokenizer
  readonly stopping?: StoppingState
}

/** A copy of the state as a file: the next step may follow at once. */
export function packState(jobId: string, { trainer, sampler, tokenizer, stopping, best }: TrainingState): Uint8Array {
  const state: Described = { jobId, step: trainer.step, sampler, tokenizer, stopping }
  const kept = Object.entries(best ?? {}).map(([name, weights]) => [bestPrefix + name, weights])
  return writeCheckpoint({ arrays: { ...trainer.arrays, ...Object.fromEntries(kept) }, state })
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
      const { sampler, tokenizer, stopping } = state
      return { trainer: { step: state.step, arrays }, sampler, tokenizer, stopping, best: bestOf(arrays) }
    } catch (error) {
      onBroken(step, error)
      // Else the store would take it for what is there when the same state is saved again.
      await blobs.remove(digest)
    }
  }
  return null
}

function bestOf(arrays: Weights): Weights | null {
  const best = Object.entries(arrays).filter(([name]) => name.startsWith(bestPrefix))
  if (best.length === 0) return null
  return Object.fromEntries(best.map(([name, weights]) => [name.slice(bestPrefix.length), weights]))
}
