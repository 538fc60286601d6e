import { EngineError } from '../errors.ts'
import type { Executor, Value } from '../executors/executor.ts'
import { sizeOf } from '../graph/shapes.ts'
import { initialParameters } from '../models/llama-parameters.ts'
import { lengthOf, type Place, vectorOf, viewsOf } from './flat.ts'
import { type GradientWindow, gradientWindow } from './gradient-window.ts'
import type { TrainerOptions } from './options.ts'
import { parameterPlaces, type VectorName } from './step-graph.ts'

/**
 * All that a trainer needs to go on bit for bit. The arrays are flat: parameters under their own names, then
 * the parts of `first.`, `second.`, `slow.` (see step-graph.ts), and GrokFast-MA's gradients as `window.0.`, `window.1.`, …,
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

/** The vectors that survive a step. */
function carriedVectors({ grokfast }: TrainerOptions): VectorName[] {
  return grokfast ? ['first', 'second', 'slow'] : ['first', 'second']
}

/** Fresh weights from the seed and zeros for the rest. */
export function freshState(options: TrainerOptions): TrainerState {
  const arrays: Record<string, Float32Array> = initialParameters(options.model, options.seed)
  for (const { name, shape } of parameterPlaces(options)) {
    for (const vector of carriedVectors(options)) arrays[`${vector}.${name}`] = new Float32Array(sizeOf(shape))
  }
  return { step: 0, arrays }
}

/** Throws INVALID_INPUT naming the array that is missing or has another size than the options ask for. */
export function loadState(executor: Executor, options: TrainerOptions, { step, arrays }: TrainerState): Carried {
  const places = parameterPlaces(options)
  const checked = (key: string, { shape }: Pick<Place, 'shape'>) => {
    const data = arrays[key]
    if (data?.length === sizeOf(shape)) return data
    const found = data ? `has ${data.length} numbers` : 'is missing'
    throw new EngineError('INVALID_INPUT', `the training state does not fit: ${key} ${found}, not ${sizeOf(shape)}`)
  }
  const vector = (prefix: string) =>
    executor.value(
      vectorOf(places, place => checked(`${prefix}.${place.name}`, place)),
      [lengthOf(places)],
    )

  const tensors: Record<string, Value> = {}
  for (const place of places) tensors[place.name] = executor.value(checked(place.name, place), place.shape)
  for (const name of carriedVectors(options)) tensors[name] = vector(name)
  if (options.grokfast?.kind !== 'MA') return { step, tensors, window: undefined }

  const { window } = options.grokfast
  const gradients = Array.from({ length: Math.min(step, window) }, (_, index) => vector(windowName(index)))
  return { step, tensors, window: gradientWindow(window, gradients) }
}

export function saveState(options: TrainerOptions, { step, tensors, window }: Carried): TrainerState {
  const places = parameterPlaces(options)
  const arrays: Record<string, Float32Array> = {}
  const addParts = (prefix: string, vector: Value) => {
    for (const [name, part] of Object.entries(viewsOf(places, vector.data() as Float32Array)))
      arrays[`${prefix}.${name}`] = part
  }
  for (const { name } of places) arrays[name] = tensors[name].data() as Float32Array
  for (const name of carriedVectors(options)) addParts(name, tensors[name])
  window?.gradients().forEach((gradient, index) => {
    addParts(windowName(index), gradient)
  })
  return { step, arrays }
}

const windowName = (index: number) => `window.${index}`
