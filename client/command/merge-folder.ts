import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { EngineError } from '../../engine/errors.ts'
import type { Dtype } from '../../engine/formats/safetensors-header.ts'
import type { MergePlan } from '../../engine/merging/plan.ts'
import { modelsOf, type Recipe } from '../../engine/merging/recipe.ts'
import type { MergeModels } from './merge-models.ts'

const dtypes = { float32: 'F32', float16: 'F16', bfloat16: 'BF16' } as const
const names = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' } as const

const tokenizerFile =
  /^(tokenizer|special_tokens_map|added_tokens|vocab|merges|chat_template|generation_config)\b.*\.(json|txt|model|jinja)$/

/** What stands beside the weights, and how these are stored: as the recipe says, otherwise as the models agree, or F32. */
export async function mergedFiles(
  recipe: Recipe,
  { layers }: MergePlan,
  models: MergeModels,
): Promise<{ readonly dtype: Dtype; readonly files: Readonly<Record<string, Uint8Array>> }> {
  const used = modelsOf(recipe)
  const [leading] = used
  const chosen = recipe.out_dtype ?? recipe.dtype
  const stored = new Set(used.flatMap(model => [...models.folders.get(model)!.dtypes.values()]))
  const dtype = chosen ? dtypes[chosen] : stored.size === 1 ? [...stored][0]! : 'F32'

  const config = { ...models.tensors.get(leading!)!.config, num_hidden_layers: layers, torch_dtype: names[dtype] }
  const tokenizer = await tokenizerFiles(await tokenizerSource(recipe, models), models)
  return { dtype, files: { 'config.json': Buffer.from(`${JSON.stringify(config, null, 2)}\n`), ...tokenizer } }
}

async function tokenizerFiles(model: string, { folders }: MergeModels): Promise<Record<string, Uint8Array>> {
  const { path } = folders.get(model)!
  const found = (await readdir(path)).filter(name => tokenizerFile.test(name))
  return Object.fromEntries(await Promise.all(found.map(async name => [name, await readFile(join(path, name))])))
}

/**
 * Whose tokenizer the result has. Where tokens have different numbers, rows of embeddings that mean different things
 * would be mixed: such models are refused.
 */
async function tokenizerSource(recipe: Recipe, models: MergeModels): Promise<string> {
  const used = modelsOf(recipe)
  const vocabularies = await Promise.all(used.map(async model => vocabularyOf(models.folders.get(model)!.path)))
  const other = used.find((_, index) => vocabularies[index] && !isDeepStrictEqual(vocabularies[index], vocabularies[0]))
  if (other && vocabularies[0]) {
    throw invalid(
      `the tokenizers of ${used[0]} and ${other} differ, and embeddings of different tokens cannot be mixed: merge models of one tokenizer`,
    )
  }
  const source = recipe.tokenizer_source ?? 'base'
  if (source === 'base' || source === 'union') return used[0]!
  if (used.includes(source)) return source
  throw invalid(`tokenizer_source is ${source}: take base, union, or one of the models`)
}

/** What gives tokens their numbers; null without a tokenizer.json. */
async function vocabularyOf(path: string): Promise<unknown> {
  const text = await readFile(join(path, 'tokenizer.json'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (text === null) return null
  const { model, added_tokens } = JSON.parse(text)
  return { model, added_tokens }
}

const invalid = (message: string) => new EngineError('INVALID_INPUT', message)
