import type { Bounds } from '../../../engine/merging/search-space.ts'
import type { LlamaConfig } from '../../../engine/models/llama-config.ts'
import type { Objective } from './objectives.ts'

/** A version that is merged. */
export interface Parent {
  readonly id: string
  /** As `name/3`. */
  readonly ref: string
  /** Digest of its weights. */
  readonly weights: string
}

/** Everything that decides what an EvoMerge computes, beside its data. */
export interface EvoMergeConfig {
  readonly parents: readonly Parent[]
  /** What task vectors are counted from. */
  readonly base: Parent | null
  readonly model: LlamaConfig
  /** Digest of the tokenizer that all parents have. */
  readonly tokenizer: string
  /** Of LOSS alone the lowest is searched, of several the Pareto front; absent in jobs older than it. */
  readonly objectives?: readonly Objective[]
  /** Searched one after the other. */
  readonly methods: readonly string[]
  /** Instead of a parameter's usual range. */
  readonly bounds: Bounds
  /** Of neighbouring layers that share their values. */
  readonly groups: number
  /** Of each method. */
  readonly generations: number
  /** Points of a generation; 4 + ⌊3 ln n⌋ of n dimensions where null. */
  readonly population: number | null
  /** Deviation of the first generation, as a share of each range. */
  readonly sigma: number
  readonly seed: number
  /** Windows that are judged in one run. */
  readonly batch: number
  readonly context: number
  /** Batches of the text kept back that decide the search; as many at the most, others, judge its result. */
  readonly fitnessBatches: number
  readonly testBatches: number
  readonly checkpointSeconds: number
  readonly keepLast: number
  readonly keepBest: number
}
