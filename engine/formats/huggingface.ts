import { EngineError } from '../errors.ts'
import { type LlamaConfig, validateConfig } from '../models/llama-config.ts'
import { parameterShapes } from '../models/llama-parameters.ts'
import { fromHuggingFace, toHuggingFace, toHuggingFaceConfig } from '../tokenizing/hugging-face.ts'
import type { Tokenizer } from '../tokenizing/tokenizer.ts'
import { fromLlamaConfig, toGenerationConfig, toLlamaConfig } from './llama-config-file.ts'
import { readSafetensors, type Tensor, writeSafetensors } from './safetensors.ts'

/** A trained model with all that is needed to run it. */
export interface Pretrained {
  readonly config: LlamaConfig
  /** Under Hugging Face's names, shapes as `parameterShapes` gives them. */
  readonly parameters: Readonly<Record<string, Float32Array>>
  readonly tokenizer: Tokenizer
}

export const WEIGHTS = 'model.safetensors'
export const CONFIG = 'config.json'
export const TOKENIZER = 'tokenizer.json'

/** Files by name. */
export type Files = Readonly<Record<string, Uint8Array>>

/** The files of a model that Hugging Face's `LlamaForCausalLM.from_pretrained` loads. */
export function huggingFaceFiles({ config, parameters, tokenizer }: Pretrained): Files {
  if (tokenizer.vocabularySize > config.vocabularySize) {
    throw invalid(`the tokenizer has ${tokenizer.vocabularySize} tokens and the model only ${config.vocabularySize}`)
  }
  const tensors: Record<string, Tensor> = {}
  for (const [name, shape] of Object.entries(parameterShapes(config))) {
    const data = parameters[name]
    if (!data) throw invalid(`parameter ${name} is missing`)
    tensors[name] = { shape, data }
  }
  return {
    [WEIGHTS]: writeSafetensors(tensors),
    [CONFIG]: json(toLlamaConfig(config, tokenizer)),
    'generation_config.json': json(toGenerationConfig(tokenizer)),
    [TOKENIZER]: json(toHuggingFace(tokenizer)),
    'tokenizer_config.json': json(toHuggingFaceConfig(tokenizer, config.contextLength)),
  }
}

/** Reads such files back. Throws INVALID_INPUT on a model of another kind, and where files contradict each other. */
export function readHuggingFace(files: Files): Pretrained {
  const config = fromLlamaConfig(parsed(files, CONFIG))
  validateConfig(config)
  const tokenizer = fromHuggingFace(parsed(files, TOKENIZER))
  if (tokenizer.vocabularySize > config.vocabularySize) {
    throw invalid(`${TOKENIZER} has ${tokenizer.vocabularySize} tokens and ${CONFIG} says ${config.vocabularySize}`)
  }
  fileNamed(files, Object.keys(files).find(isWeights) ?? WEIGHTS)
  // Large models come in several files.
  const shards = Object.entries(files).filter(([name]) => isWeights(name))
  const tensors = new Map(shards.flatMap(([, bytes]) => [...readSafetensors(bytes).tensors]))
  // Before shapes are made for layers that only config.json claims.
  if (config.layers > tensors.size)
    throw invalid(`${CONFIG} says ${config.layers} layers and ${WEIGHTS} has ${tensors.size} tensors`)
  const parameters: Record<string, Float32Array> = {}
  for (const [name, shape] of Object.entries(parameterShapes(config))) {
    const tensor = tensors.get(name)
    if (tensor?.shape.join() !== shape.join()) {
      throw invalid(
        `${name} is ${tensor ? `of shape [${tensor.shape}]` : 'missing'}, and ${CONFIG} asks for [${shape}]`,
      )
    }
    parameters[name] = tensor.data
  }
  return { config, parameters, tokenizer }
}

const isWeights = (name: string): boolean => name.endsWith('.safetensors')

function fileNamed(files: Files, name: string): Uint8Array {
  const bytes = files[name]
  if (!bytes) throw invalid(`${name} is missing`)
  return bytes
}

function parsed(files: Files, name: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(fileNamed(files, name)))
  } catch (cause) {
    if (cause instanceof EngineError) throw cause
    throw invalid(`${name} is not JSON`, { cause })
  }
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`)
}

function invalid(reason: string, options?: ErrorOptions): EngineError {
  return new EngineError('INVALID_INPUT', `the model's files do not fit: ${reason}`, options)
}
