import { huggingFaceFiles } from '../../../../engine/formats/huggingface.ts'
import { toLlamaConfig } from '../../../../engine/formats/llama-config-file.ts'
import type { LlamaConfig } from '../../../../engine/models/llama-config.ts'
import { END_OF_TEXT } from '../../../../engine/tokenizing/tokenizer.ts'
import { trainTokenizer } from '../../../../engine/tokenizing/training.ts'
import { registerBuiltIn } from '../../../../subgraphs/training/datasets/service.ts'
import { trainingInMemory } from '../memory.ts'

export const text = Array.from({ length: 900 }, (_, index) => `Line ${index} of a text that repeats itself.\n`).join('')
export const tokenizer = trainTokenizer(text, { vocabularySize: 280, specialTokens: [END_OF_TEXT] })

export const config: LlamaConfig = {
  vocabularySize: 280,
  width: 16,
  layers: 2,
  heads: 1,
  keyValueHeads: 1,
  feedForward: 24,
  contextLength: 16,
  ropeTheta: 10000,
  normEpsilon: 1e-5,
  tiedEmbeddings: true,
}

/** Training in memory with a text to judge by, to which versions can be made known. */
export async function family() {
  const memory = trainingInMemory()
  const { parts } = memory
  await registerBuiltIn(parts, 'moby-dick', () => text)

  async function register(
    modelName: string,
    parameters: Record<string, Float32Array>,
    given: { id?: string; config?: LlamaConfig; number?: number; project?: string; tokenizer?: typeof tokenizer } = {},
  ) {
    const { id = `mv_${modelName.toUpperCase()}`, number = 1, project = 'default' } = given
    const own = { config: given.config ?? config, tokenizer: given.tokenizer ?? tokenizer }
    const files = Object.entries(huggingFaceFiles({ ...own, parameters })).map(async ([path, bytes]) => ({
      path,
      digest: (await parts.blobs.put(bytes)).digest,
    }))
    const architecture = { kind: 'llama', ...toLlamaConfig(own.config, own.tokenizer) }
    await parts.versions.add({ id, project, modelName, number, files: await Promise.all(files), architecture })
    return id
  }
  return { ...memory, register }
}
