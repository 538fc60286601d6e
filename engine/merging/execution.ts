import { EngineError } from '../errors.ts'
import type { Tensor } from '../formats/safetensors.ts'
import { seededRandom } from '../random.ts'
import type { MergePlan, PlannedTensor, TensorSource } from './plan.ts'

/** Merges the tensors of a plan one after the other: of every model, one tensor is in memory at a time. */
export async function* mergedTensors(
  { method, tensors }: Pick<MergePlan, 'method' | 'tensors'>,
  read: (source: TensorSource) => Promise<Tensor>,
  seed: number,
): AsyncGenerator<{ readonly planned: PlannedTensor; readonly tensor: Tensor }> {
  for (const planned of tensors) {
    const { name, base, sources, shared, each } = planned
    const models: Tensor[] = []
    for (const source of sources) models.push(await read(source))
    const input = { base: base && (await read(base)), models, shared, each, random: tensorRandom(seed, name) }
    try {
      yield { planned, tensor: method.merge(input) }
    } catch (error) {
      if (!(error instanceof EngineError)) throw error
      throw new EngineError(error.code, `${name}: ${error.message}`, { cause: error })
    }
  }
}

/** A stream of its own for every tensor, so that no mask depends on which tensors come before. FNV-1a over the name. */
export function tensorRandom(seed: number, name: string) {
  let hash = 0x811c9dc5
  for (let index = 0; index < name.length; index++) hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193) >>> 0
  return seededRandom((seed * 0x9e3779b1 + hash) % Number.MAX_SAFE_INTEGER)
}
