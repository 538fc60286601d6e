import { EngineError } from '../errors.ts'
import type { Executor, Value } from '../executors/executor.ts'
import type { Shape } from '../graph/graph.ts'
import { sizeOf } from '../graph/shapes.ts'
import { initialParameters, parameterShapes } from '../models/llama-parameters.ts'
import { type GradientWindow, gradientWindow } from './gradient-window.ts'
import type { TrainerOptions } from './options.ts'
import { type TensorKind, tensorName } from './step-graph.ts'

/**
 * All that a trainer needs to go on bit for bit. The arrays are flat: parameters under their own names, then
 * `first.`, `second.`, `slow.` (see step-graph.ts), and GrokFast-MA's gradients as `window.0.`, `window.1.`, …,
 * oldest first. The sampler of the batches has a state of its own.
 */
export interface TrainerState {
  /** Steps taken. */
  readonly step: number
  readonly arrays: Readonly<Record<string, Float32Array>>
}

/** What a trainer carries from step to step, where the executor keeps it. */
export interface Carried {
  step: number
  /** By the name of the graph input that takes it. */
  readonly tensors: Record<string, Value>
  readonly window: GradientWindow | undefined
}

/** The tensors that survive a step, beside the parameters. */
function carriedKinds({ grokfast }: TrainerOptions): TensorKind[] {
  return grokfast ? ['first', 'second', 'slow'] : ['first', 'second']
}

/** Fresh weights from the seed and zeros for the rest. */
export function freshState(options: TrainerOptions): TrainerState {
  const arrays: Record<string, Float32Array> = initialParameters(options.model, options.seed)
  for (const [name, shape] of Object.entries(parameterShapes(options.model))) {
    for (const kind of carriedKinds(options)) arrays[tensorName(kind, name)] = new Float32Array(sizeOf(shape))
  }
  return { step: 0, arrays }
}

/** Throws INVALID_INPUT naming the array that is missing or has another size than the options ask for. */
export function loadState(executor: Executor, options: TrainerOptions, { step, arrays }: TrainerState): Carried {
  const value = (key: string, shape: Shape) => {
    const data = arrays[key]
    if (data?.length !== sizeOf(shape)) {
      const found = data ? `has ${data.length} numbers` : 'is missing'
      throw new EngineError('INVALID_INPUT', `the training state does not fit: ${key} ${found}, not ${sizeOf(shape)}`)
    }
    return executor.value(data, shape)
  }
  const shapes = Object.entries(parameterShapes(options.model))
  const tensors: Record<string, Value> = {}
  for (const [name, shape] of shapes) {
    tensors[name] = value(name, shape)
    for (const kind of carriedKinds(options)) tensors[tensorName(kind, name)] = value(tensorName(kind, name), shape)
  }
  if (options.grokfast?.kind !== 'MA') return { step, tensors, window: undefined }

  const { window } = options.grokfast
  const sets = Array.from({ length: Math.min(step, window) }, (_, index) =>
    Object.fromEntries(shapes.map(([name, shape]) => [name, value(windowName(index, name), shape)])),
  )
  return { step, tensors, window: gradientWindow(window, sets) }
}

export function saveState({ step, tensors, window }: Carried): TrainerState {
  const arrays: Record<string, Float32Array> = {}
  for (const [name, value] of Object.entries(tensors)) arrays[name] = value.data() as Float32Array
  window?.sets().forEach((set, index) => {
    for (const [name, value] of Object.entries(set)) arrays[windowName(index, name)] = value.data() as Float32Array
  })
  return { step, arrays }
}

const windowName = (index: number, parameter: string) => `window.${index}.${parameter}`
