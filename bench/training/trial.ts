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

/** What a process that trains is asked for each step. */
export interface Turn {
  /** Tokens, row after row, and for each the one that follows it. */
  readonly inputs: readonly number[]
  readonly targets: readonly number[]
  readonly learningRate: number
}

/** What it answers. */
export interface StepTaken {
  readonly seconds: number
  /** Processor time of the step, all threads. */
  readonly cpuSeconds: number
  readonly loss: number
  /** Before clipping. */
  readonly gradientNorm: number
}

/** What ours says beside. */
export interface OwnStep extends StepTaken {
  /** Of a 1024³ product on the same executor, before the step. */
  readonly productGigaflops: number
  readonly shareOfLimit: number
  /** The part of the step that is not spent in the executor. */
  readonly loopShare: number
}

export interface GenerateTimes {
  readonly firstTokenSeconds: number
  readonly tokensPerSecond: number
}

/** With the peak of the process that measured. */
export type WithPeak<T> = T & { readonly peakMegabytes: number }

export const PROMPT_TOKENS = 16
export const GENERATED_TOKENS = 64
