import { counted } from '../counted.ts'
import { EngineError } from '../errors.ts'
import { type LlamaConfig, validateConfig } from '../models/llama-config.ts'
import { parameterShapes } from '../models/llama-parameters.ts'
import { fromHuggingFace } from '../tokenizing/hugging-face.ts'
import { fromLlamaConfig } from './llama-config-file.ts'
import type { Header } from './safetensors-header.ts'

export interface Inspection {
  readonly config: LlamaConfig
  /** Numbers of all tensors; a tied embedding counts once. */
  readonly parameterCount: number
}

/**
 * Whether these files are a model that can be loaded, without reading its numbers: JSON of config and tokenizer, and the
 * header of the weights. Throws INVALID_INPUT naming the first thing that does not fit.
 */
export function inspectHuggingFace(configJson: unknown, tokenizerJson: unknown, { entries }: Header): Inspection {
  const config = fromLlamaConfig(configJson)
  validateConfig(config)
  const { vocabularySize } = fromHuggingFace(tokenizerJson)
  if (vocabularySize > config.vocabularySize) {
    throw unfit(`the tokenizer has ${vocabularySize} tokens and the model only ${config.vocabularySize}`)
  }
  // Before shapes are made for layers that only config.json claims.
  if (config.layers > entries.length)
    throw unfit(
      `config.json says ${counted(config.layers, 'layer')}, and the file has ${counted(entries.length, 'tensor')}`,
    )
  const stored = new Map(entries.map(entry => [entry.name, entry]))
  let parameterCount = 0
  for (const [name, shape] of Object.entries(parameterShapes(config))) {
    const entry = stored.get(name)
    if (entry?.dtype !== 'F32' || entry.shape.join() !== shape.join()) {
      const found = entry ? `${entry.dtype} of shape [${entry.shape}]` : 'missing'
      throw unfit(`${name} is ${found}, and config.json asks for F32 of shape [${shape}]`)
    }
    parameterCount += shape.reduce((product, size) => product * size, 1)
  }
  return { config, parameterCount }
}

const unfit = (reason: string) => new EngineError('INVALID_INPUT', `the model's files do not fit: ${reason}`)
