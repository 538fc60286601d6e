import type { Tensor } from '../../../engine/formats/safetensors.ts'
import type { Values } from '../../../engine/merging/merge-method.ts'
import { mergeMethodNamed } from '../../../engine/merging/methods.ts'
import { seededRandom } from '../../../engine/random.ts'

export const tensor = (data: readonly number[], shape: readonly number[] = [data.length]): Tensor => ({
  shape,
  data: Float32Array.from(data),
})

export function randomTensor(seed: number, shape: readonly number[]): Tensor {
  const random = seededRandom(seed)
  const size = shape.reduce((product, length) => product * length, 1)
  return tensor(
    Array.from({ length: size }, () => random.normal()),
    shape,
  )
}

interface Given {
  readonly base?: Tensor
  readonly shared?: Values
  readonly each?: readonly Values[]
  readonly seed?: number
}

/** Runs a method as a recipe does: what is not given has its default. */
export function merged(
  name: string,
  models: readonly Tensor[],
  { base, shared, each, seed = 1 }: Given = {},
): number[] {
  const method = mergeMethodNamed(name)
  const defaults = (parameters: typeof method.shared) =>
    Object.fromEntries(
      Object.entries(parameters).flatMap(([key, parameter]) =>
        parameter.default === undefined ? [] : [[key, parameter.default]],
      ),
    )
  const result = method.merge({
    base: base ?? null,
    models,
    shared: { ...defaults(method.shared), ...shared },
    each: models.map((_, index) => ({ ...defaults(method.each), ...each?.[index] }) as Values),
    random: seededRandom(seed),
  })
  return [...result.data]
}
