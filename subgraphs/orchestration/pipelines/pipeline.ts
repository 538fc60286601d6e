import type { Phase } from '../../../schema/values.ts'

/** One phase of a pipeline; each step begins when the version that the one before made is registered. */
interface StepDefinition {
  readonly name: string
  readonly phase: Phase
  /** Added to the run's seed. */
  readonly seedOffset?: number
}

export interface Pipeline {
  readonly name: string
  readonly description: string
  readonly steps: readonly StepDefinition[]
}

export const pipelines: readonly Pipeline[] = [
  {
    name: 'cognate',
    description: 'Pretrains one small model from nothing.',
    steps: [{ name: 'cognate', phase: 'COGNATE' }],
  },
  {
    name: 'evomerge',
    description:
      'Pretrains three models, from the seeds 42, 1337 and 2023 unless given, and searches their best merge; settings of `StartEvoMergeInput` stand in `config.evomerge`.',
    steps: [
      { name: 'cognate-1', phase: 'COGNATE' },
      { name: 'cognate-2', phase: 'COGNATE', seedOffset: 1337 - 42 },
      { name: 'cognate-3', phase: 'COGNATE', seedOffset: 2023 - 42 },
      { name: 'evomerge', phase: 'EVOMERGE' },
    ],
  },
]
