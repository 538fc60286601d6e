import type { ExecutorName } from '../../engine/executors/executor-names.ts'
import type { LlamaConfig } from '../../engine/models/llama-config.ts'

/** What one measuring process is told. */
export interface Trial {
  readonly kind: 'train' | 'generate'
  readonly executor: ExecutorName
  readonly threads: number
  readonly model: LlamaConfig
  readonly batch: number
  readonly context: number
  /** Steps or generations that count; one more goes before them to warm up. */
  readonly rounds: number
}

/** What it answers: medians over the rounds. */
export interface TrainTimes {
  readonly stepSeconds: number
  /** Processor time of a step, all threads. */
  readonly stepCpuSeconds: number
  readonly tokensPerSecond: number
  /** Of a 1024³ product on the same executor, between the steps. */
  readonly productGigaflops: number
  readonly shareOfLimit: number
  /** The part of a step that is not spent in the executor. */
  readonly loopShare: number
  readonly lossAtEnd: number
}

export interface GenerateTimes {
  readonly firstTokenSeconds: number
  readonly tokensPerSecond: number
}

export type Times<T> = T & { readonly peakMegabytes: number }

export const PROMPT_TOKENS = 16
export const GENERATED_TOKENS = 64
