import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { huggingFaceFiles } from '../../../engine/formats/huggingface.ts'
import type { LlamaConfig } from '../../../engine/models/llama-config.ts'
import { END_OF_TEXT } from '../../../engine/tokenizing/tokenizer.ts'
import { trainTokenizer } from '../../../engine/tokenizing/training.ts'
import { livelyParameters } from '../../engine/tiny-decoder.ts'
import { sample } from '../../engine/tokenizing/sample.ts'

export const mergeConfig: LlamaConfig = {
  vocabularySize: 304,
  width: 16,
  layers: 3,
  heads: 2,
  keyValueHeads: 1,
  feedForward: 24,
  contextLength: 16,
  ropeTheta: 10000,
  normEpsilon: 1e-5,
  tiedEmbeddings: true,
}
const tokenizers = new Map<string, ReturnType<typeof trainTokenizer>>()

function tokenizerOf(text: string) {
  const known = tokenizers.get(text) ?? trainTokenizer(text, { vocabularySize: 300, specialTokens: [END_OF_TEXT] })
  tokenizers.set(text, known)
  return known
}

/** Writes a small model of random weights; answers these. */
export async function writeModel(
  folder: string,
  seed: number,
  { config = mergeConfig, text = sample }: { config?: LlamaConfig; text?: string } = {},
): Promise<Record<string, Float32Array>> {
  const parameters = livelyParameters(config, seed)
  await mkdir(folder, { recursive: true })
  const files = huggingFaceFiles({ config, parameters, tokenizer: tokenizerOf(text) })
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes)
  return parameters
}
