import { EngineError } from '../errors.ts'
import type { Executor, Value } from '../executors/executor.ts'
import type { Shape } from '../graph/graph.ts'
import { sizeOf } from '../graph/shapes.ts'
import { initialParameters, parameterShapes } from '../models/llama-parameters.ts'
import { type GradientWindow, gradientWindow } from './gradient-window.ts'
import type { TrainerOptions } from './options.ts'
import { type Pack, vectorOf, viewsOf } from './packs.ts'
import { parameterPacks, type VectorKind, vectorName } from './step-graph.ts'

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
function carriedKinds({ grokfast }: TrainerOptions): VectorKind[] {
  return grokfast ? ['first', 'second', 'slow'] : ['first', 'second']
}

/** Fresh weights from the seed and zeros for the rest. */
export function freshState(options: TrainerOptions): TrainerState {
  const arrays: Record<string, Float32Array> = initialParameters(options.model, options.seed)
  for (const [name, shape] of Object.entries(parameterShapes(options.model))) {
    for (const kind of carriedKinds(options)) arrays[`${kind}.${name}`] = new Float32Array(sizeOf(shape))
  }
  return { step: 0, arrays }
}

/** Throws INVALID_INPUT naming the array that is missing or has another size than the options ask for. */
export function loadState(executor: Executor, options: TrainerOptions, { step, arrays }: TrainerState): Carried {
  const checked = (key: string, shape: Shape) => {
    const data = arrays[key]
    if (data?.length === sizeOf(shape)) return data
    const found = data ? `has ${data.length} numbers` : 'is missing'
    throw new EngineError('INVALID_INPUT', `the training state does not fit: ${key} ${found}, not ${sizeOf(shape)}`)
  }
  const packs = parameterPacks(options)
  const vector = (prefix: string, pack: Pack) => {
    const data = vectorOf(pack, ({ name, shape }) => checked(`${prefix}.${name}`, shape))
    return executor.value(data, [pack.length])
  }

  const tensors: Record<string, Value> = {}
  for (const [name, shape] of Object.entries(parameterShapes(options.model)))
    tensors[name] = executor.value(checked(name, shape), shape)
  for (const kind of carriedKinds(options))
    for (const pack of packs) tensors[vectorName(kind, pack)] = vector(kind, pack)
  if (options.grokfast?.kind !== 'MA') return { step, tensors, window: undefined }

  const { window } = options.grokfast
  const gradients = Array.from({ length: Math.min(step, window) }, (_, index) =>
    packs.map(pack => vector(windowName(index), pack)),
  )
  return { step, tensors, window: gradientWindow(window, gradients) }
}

export function saveState(options: TrainerOptions, { step, tensors, window }: Carried): TrainerState {
  const packs = parameterPacks(options)
  const arrays: Record<string, Float32Array> = {}
  const addParts = (prefix: string, pack: Pack, vector: Value) => {
    for (const [name, part] of Object.entries(viewsOf(pack, vector.data() as Float32Array)))
      arrays[`${prefix}.${name}`] = part
  }
  for (const name of Object.keys(parameterShapes(options.model))) arrays[name] = tensors[name].data() as Float32Array
  for (const kind of carriedKinds(options))
    for (const pack of packs) addParts(kind, pack, tensors[vectorName(kind, pack)])
  for (const [age, gradient] of (window?.gradients() ?? []).entries())
    for (const [index, pack] of packs.entries()) addParts(windowName(age), pack, gradient[index])
  return { step, arrays }
}

const windowName = (index: number) => `window.${index}`
