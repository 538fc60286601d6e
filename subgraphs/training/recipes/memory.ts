import { parameterCount } from '../../../engine/models/llama-parameters.ts'
import type { CognateConfig } from './config.ts'

const bytesPerNumber = 4
/** A process with the runtime loaded, before any model. */
const baseBytes = 200e6

/**
 * About how much memory a training takes at its peak, in bytes; within a tenth of what ONNX Runtime was measured to
 * take for every preset; the native executor takes less. Parameters, both moments and GrokFast's average are there as
 * inputs and as outputs of a step and once more while a checkpoint is written, and the gradient once; the best weights,
 * where they are kept, and their copy in a checkpoint; of a layer's activations the backward pass wants every operand again.
 */
export function requiredMemory({ model, batch, context, grokfast, accumulation, weights }: CognateConfig): number {
  const states = 3 + (grokfast ? 1 : 0)
  const window = grokfast?.kind === 'MA' ? 2 * grokfast.window : 0
  const copies = 3 * states + 1 + (accumulation > 1 ? 2 : 0) + (weights === 'BEST' ? 2 : 0) + window

  const perLayer = 21 * model.width + 8 * model.feedForward + 4 * model.heads * context
  const perToken = model.layers * perLayer + 4 * model.vocabularySize
  // A step's tokens and those that follow them, of all its passes.
  const tokens = 2 * accumulation * batch * context
  return baseBytes + bytesPerNumber * (copies * parameterCount(model) + batch * context * perToken + tokens)
}
