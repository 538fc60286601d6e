import type { LlamaConfig } from './llama-config.ts'

/** A model that is known to train, with what it trains well with. */
export interface Preset {
  readonly name: PresetName
  readonly model: LlamaConfig
  /** Sequences in a step. */
  readonly batch: number
  /** Peak learning rate of AdamW under the cosine schedule. */
  readonly learningRate: number
}

export type PresetName = 'NANO' | 'MICRO' | 'SMALL' | 'COGNATE'

const common = { ropeTheta: 10000, normEpsilon: 1e-5, tiedEmbeddings: true }

/**
 * Every width is a multiple of 32, and so is every head: what the kernels of CPUs and GPUs are made for. (The original
 * Cognate's width of 216 in heads of 54 suits none.) `contextLength` is also the length of a training sequence.
 */
export const presets: Readonly<Record<PresetName, Preset>> = {
  NANO: {
    name: 'NANO',
    model: {
      ...common,
      vocabularySize: 1024,
      width: 128,
      layers: 4,
      heads: 4,
      keyValueHeads: 4,
      feedForward: 384,
      contextLength: 128,
    },
    batch: 16,
    learningRate: 3e-3,
  },
  MICRO: {
    name: 'MICRO',
    model: {
      ...common,
      vocabularySize: 2048,
      width: 192,
      layers: 6,
      heads: 6,
      keyValueHeads: 6,
      feedForward: 512,
      contextLength: 256,
    },
    batch: 8,
    learningRate: 2e-3,
  },
  SMALL: {
    name: 'SMALL',
    model: {
      ...common,
      vocabularySize: 4096,
      width: 320,
      layers: 7,
      heads: 5,
      keyValueHeads: 5,
      feedForward: 864,
      contextLength: 256,
    },
    batch: 8,
    learningRate: 1e-3,
  },
  COGNATE: {
    name: 'COGNATE',
    model: {
      ...common,
      vocabularySize: 8192,
      width: 512,
      layers: 7,
      heads: 8,
      keyValueHeads: 4,
      feedForward: 1376,
      contextLength: 512,
    },
    batch: 4,
    learningRate: 6e-4,
  },
}
