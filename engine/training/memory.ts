import { parameterCount } from '../models/llama-parameters.ts'
import type { TrainerOptions } from './options.ts'

const FLOAT_BYTES = 4
/** Node, the executor's library and the compiled graph. */
const PROCESS_BYTES = 250e6
/**
 * Parameters, both moments and gradients, each before and after the step, the change, and what waits for the garbage
 * collector. As with the activations below, the factor is what the presets' trainings took on ONNX Runtime, rounded up.
 */
const PARAMETER_COPIES = 12
const GROKFAST_COPIES = 3
const ACCUMULATION_COPIES = 4

type Sizes = Pick<TrainerOptions, 'model' | 'batch' | 'context' | 'accumulation' | 'grokfast'>

/**
 * An upper estimate of the resident memory of a process that trains this, in bytes, so that what cannot fit is
 * refused before it starts. On ONNX Runtime the presets' trainings stay below it by up to a quarter; the native executor
 * takes less on two threads, and a gradient more for each further one.
 */
export function trainingBytes({ model, batch, context, accumulation, grokfast }: Sizes): number {
  const copies =
    PARAMETER_COPIES +
    (grokfast ? GROKFAST_COPIES : 0) +
    (grokfast?.kind === 'MA' ? grokfast.window : 0) +
    (accumulation > 1 ? ACCUMULATION_COPIES : 0)

  const perLayer = 12 * model.width + 5 * model.feedForward + model.heads * context
  const activations = batch * context * (model.layers * perLayer + 3 * model.vocabularySize)
  return PROCESS_BYTES + FLOAT_BYTES * (copies * parameterCount(model) + activations)
}
