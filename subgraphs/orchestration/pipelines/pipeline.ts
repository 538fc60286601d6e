import type { Phase } from '../../../schema/values.ts'

/** One phase of a pipeline; each step begins when the version that the one before made is registered. */
interface StepDefinition {
  readonly name: string
  readonly phase: Phase
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
]
