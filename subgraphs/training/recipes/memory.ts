import { parameterCount } from '../../../engine/models/llama-parameters.ts'
import type { CognateConfig } from './config.ts'

const bytesPerNumber = 4
/** A process with the runtime loaded, before any model. */
const baseBytes = 200e6

/**
 * About how much memory a training takes, in bytes. Parameters, both moments and GrokFast's average are there twice,
 * as inputs and outputs of a step, and the gradient once; of a layer's activations the backward pass wants every
 * operand again.
 */
export function requiredMemory({ model, batch, context, grokfast, accumulation }: CognateConfig): number {
  const states = 3 + (grokfast ? 1 : 0)
  const window = grokfast?.kind === 'MA' ? grokfast.window : 0
  const copies = 2 * states + 1 + (accumulation > 1 ? 2 : 0) + window

  const perLayer = 16 * model.width + 6 * model.feedForward + 3 * model.heads * context
  const perToken = model.layers * perLayer + 3 * model.vocabularySize
  return baseBytes + bytesPerNumber * (copies * parameterCount(model) + batch * context * perToken)
}
