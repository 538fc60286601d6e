import { tensorRandom } from '../../../engine/merging/execution.ts'
import { mergeMethodNamed } from '../../../engine/merging/methods.ts'
import type { SearchSpace } from '../../../engine/merging/search-space.ts'
import type { LlamaConfig } from '../../../engine/models/llama-config.ts'
import { parameterShapes } from '../../../engine/models/llama-parameters.ts'
import { allLayers, sourceOf, withLayers } from './layers.ts'

/** Weights by Hugging Face name. */
export type Weights = Readonly<Record<string, Float32Array>>

export interface Relatives {
  readonly model: LlamaConfig
  readonly parents: readonly Weights[]
  readonly base: Weights | null
  /** Of the masks that some methods draw: every candidate has the same. */
  readonly seed: number
}

/** The merge of the parents at a point of the space, of the layers named, or of all. */
export function mergedAt(
  { model, parents, base, seed }: Relatives,
  methodName: string,
  space: SearchSpace,
  point: readonly number[],
  layers: readonly number[] = allLayers(model),
): Weights {
  const method = mergeMethodNamed(methodName)
  const tensors = Object.entries(parameterShapes(withLayers(model, layers))).map(([name, shape]) => {
    const source = sourceOf(name, layers)
    const tensorOf = (weights: Weights) => ({ shape, data: weights[source]! })
    const merged = method.merge({
      base: base && method.base !== 'paired' ? tensorOf(base) : null,
      models: parents.map(tensorOf),
      ...space.valuesAt(point, source),
      random: tensorRandom(seed, source),
    })
    return [name, merged.data] as const
  })
  return Object.fromEntries(tensors)
}
