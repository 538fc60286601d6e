import { EngineError } from '../../../engine/errors.ts'
import { readSafetensors } from '../../../engine/formats/safetensors.ts'
import { parameterShapes } from '../../../engine/models/llama-parameters.ts'
import { fromHuggingFace } from '../../../engine/tokenizing/hugging-face.ts'
import type { Tokenizer } from '../../../engine/tokenizing/tokenizer.ts'
import { type Batch, validationBatches } from '../../../engine/training/batches.ts'
import type { Blobs } from '../../../kernel/blobs/blobs.ts'
import type { TokenParts } from '../tokens/once.ts'
import { tokensBetween } from '../tokens/token-file.ts'
import { openTokens } from '../tokens/tokenizing.ts'
import type { Relatives, Weights } from './candidates.ts'
import type { EvoMergeConfig, Parent } from './config.ts'

export interface Material {
  readonly relatives: Relatives
  readonly tokenizer: Tokenizer
  /** What decides the search. */
  readonly fitness: readonly Batch[]
  /** What judges its result: no token of it decides. */
  readonly test: readonly Batch[]
}

/**
 * The parents' weights, and what a training on the dataset keeps back: its first half decides, its second tests. Parents
 * that were trained on it have seen neither. Null when it should stop.
 */
export async function prepareMerge(
  parts: TokenParts,
  config: EvoMergeConfig,
  dataset: string,
): Promise<Material | null> {
  const { blobs } = parts
  const weightsOf = (parent: Parent) => readWeights(blobs, config, parent)
  const parents: Weights[] = []
  for (const parent of config.parents) parents.push(await weightsOf(parent))
  const base = config.base && (await weightsOf(config.base))
  const tokenizer = fromHuggingFace(JSON.parse(new TextDecoder().decode(await blobs.bytes(config.tokenizer))))

  using tokens = await openTokens(parts, dataset, tokenizer)
  if (!tokens) return null
  const kept = tokens.validation
  const half = Math.floor(kept.length / 2)
  return {
    relatives: { model: config.model, parents, base, seed: config.seed },
    tokenizer,
    fitness: validationBatches(tokensBetween(kept, 0, half), config, config.fitnessBatches),
    test: validationBatches(tokensBetween(kept, half, kept.length), config, config.testBatches),
  }
}

async function readWeights(blobs: Blobs, { model }: EvoMergeConfig, { ref, weights }: Parent): Promise<Weights> {
  const { tensors } = readSafetensors(await blobs.bytes(weights))
  const named = Object.entries(parameterShapes(model)).map(([name, shape]) => {
    const tensor = tensors.get(name)
    if (tensor?.shape.join() === shape.join()) return [name, tensor.data] as const
    const found = tensor ? `of shape [${tensor.shape}]` : 'missing'
    throw new EngineError('INVALID_INPUT', `${name} of ${ref} is ${found}, and its architecture asks for [${shape}]`)
  })
  return Object.fromEntries(named)
}
