import { tensorRandom } from '../../../engine/merging/execution.ts'
import { mergeMethodNamed } from '../../../engine/merging/methods.ts'
import type { SearchSpace } from '../../../engine/merging/search-space.ts'
import type { LlamaConfig } from '../../../engine/models/llama-config.ts'
import { parameterShapes } from '../../../engine/models/llama-parameters.ts'

/** Weights by Hugging Face name. */
export type Weights = Readonly<Record<string, Float32Array>>

export interface Relatives {
  readonly model: LlamaConfig
  readonly parents: readonly Weights[]
  readonly base: Weights | null
  /** Of the masks that some methods draw: every candidate has the same. */
  readonly seed: number
}

/** The merge of the parents at a point of the space. */
export function mergedAt(
  { model, parents, base, seed }: Relatives,
  methodName: string,
  space: SearchSpace,
  point: readonly number[],
): Weights {
  const method = mergeMethodNamed(methodName)
  const tensors = Object.entries(parameterShapes(model)).map(([name, shape]) => {
    const tensorOf = (weights: Weights) => ({ shape, data: weights[name]! })
    const merged = method.merge({
      base: base && method.base !== 'paired' ? tensorOf(base) : null,
      models: parents.map(tensorOf),
      ...space.valuesAt(point, name),
      random: tensorRandom(seed, name),
    })
    return [name, merged.data] as const
  })
  return Object.fromEntries(tensors)
}
