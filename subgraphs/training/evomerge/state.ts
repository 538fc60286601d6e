import { readCheckpoint, writeCheckpoint } from '../../../engine/formats/checkpoint.ts'
import type { CmaState } from '../../../engine/search/cma-es.ts'
import type { NsgaState } from '../../../engine/search/nsga2.ts'
import type { Blobs } from '../../../kernel/blobs/blobs.ts'
import type { SavedState } from '../attempts/service.ts'
import type { Judged } from './objectives.ts'

export interface Merge {
  readonly method: string
  readonly point: readonly number[]
  /** Of the parents; all where absent. */
  readonly layers?: readonly number[]
}

/** The best that was found: one of the parents, or a merge. */
export interface Best {
  readonly loss: number
  readonly found: { readonly parent: number } | Merge
}

/** One that none dominates. */
export type Member = Judged & Pick<Best, 'found'>

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

/** All of a search for the Pareto front between two generations. */
export interface ParetoState extends Pick<SearchState, 'step' | 'parentLosses' | 'evaluations'> {
  /** Null at the beginning of a method. */
  readonly nsga: NsgaState | null
  /** Of all that were judged, the lowest loss first. */
  readonly front: readonly Member[]
  /** Numbers of layers, and the milliseconds that were measured for each. */
  readonly latencies: readonly (readonly [number, number])[]
}

export async function saveSearch(blobs: Blobs, jobId: string, state: SearchState | ParetoState): Promise<SavedState> {
  const arrays = { mean: Float32Array.from(('cma' in state && state.cma?.mean) || [0]) }
  const { digest, sizeBytes } = await blobs.put(writeCheckpoint({ arrays, state: { jobId, ...state } }))
  return { step: state.step, digest, sizeBytes }
}

/** The newest of the checkpoints that is there unaltered, or null; `onBroken` hears of those that are not. */
export async function loadSearch<State extends SearchState | ParetoState>(
  blobs: Blobs,
  checkpoints: readonly { readonly step: number; readonly digest: string }[],
  onBroken: (step: number, reason: unknown) => void,
): Promise<State | null> {
  for (const { step, digest } of checkpoints) {
    try {
      return readCheckpoint<State>(await blobs.bytes(digest)).state
    } catch (error) {
      onBroken(step, error)
      await blobs.remove(digest)
    }
  }
  return null
}
