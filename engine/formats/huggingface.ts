import { counted } from '../counted.ts'
import { EngineError } from '../errors.ts'
import { type LlamaConfig, validateConfig } from '../models/llama-config.ts'
import { parameterShapes } from '../models/llama-parameters.ts'
import { fromHuggingFace, toHuggingFace, toHuggingFaceConfig } from '../tokenizing/hugging-face.ts'
import { fromLlamaConfig, toGenerationConfig, toLlamaConfig } from './llama-config-file.ts'
import type { FileParts, Pretrained, StoredModel } from './pretrained.ts'
import { PYTORCH, readSafetensors, type Tensor, writeSafetensors } from './safetensors.ts'
import { writeHeader } from './safetensors-header.ts'
import { encodedNumbers } from './safetensors-numbers.ts'

export const WEIGHTS = 'model.safetensors'
export const CONFIG = 'config.json'
export const TOKENIZER = 'tokenizer.json'

/** Files by name. */
export type Files = Readonly<Record<string, Uint8Array>>

/** The files of a model that Hugging Face's `LlamaForCausalLM.from_pretrained` loads. */
export function huggingFaceFiles({ config, parameters, tokenizer }: Pretrained): Files {
  const tensors: Record<string, Tensor> = {}
  for (const [name, shape] of Object.entries(parameterShapes(config))) {
    const data = parameters[name]
    if (!data) throw invalid(`parameter ${name} is missing`)
    tensors[name] = { shape, data }
  }
  return { [WEIGHTS]: writeSafetensors(tensors), ...settingsFiles({ config, tokenizer }) }
}

/** The same files part by part: of the weights, one parameter at a time is in memory. */
export function* huggingFaceParts(model: StoredModel): Generator<FileParts> {
  yield* filesOf(settingsFiles(model))
  yield { path: WEIGHTS, parts: weightParts(model) }
}

async function* weightParts({ config, read }: StoredModel): AsyncGenerator<Uint8Array> {
  const shapes = parameterShapes(config)
  const names = Object.keys(shapes).sort()
  yield writeHeader(
    names.map(name => ({ name, shape: shapes[name]!, dtype: 'F32' })),
    PYTORCH,
  )
  for (const name of names) yield encodedNumbers(await read(name), 'F32')
}

export const filesOf = (files: Files): FileParts[] =>
  Object.entries(files).map(([path, bytes]) => ({ path, parts: [bytes] }))

/** What stands beside the weights: configuration and tokenizer. */
export function settingsFiles({ config, tokenizer }: Omit<Pretrained, 'parameters'>): Files {
  if (tokenizer.vocabularySize > config.vocabularySize) {
    throw invalid(`the tokenizer has ${tokenizer.vocabularySize} tokens and the model only ${config.vocabularySize}`)
  }
  return {
    [CONFIG]: json(toLlamaConfig(config, tokenizer)),
    'generation_config.json': json(toGenerationConfig(tokenizer)),
    [TOKENIZER]: json(toHuggingFace(tokenizer)),
    'tokenizer_config.json': json(toHuggingFaceConfig(tokenizer, config.contextLength)),
  }
}

/** Reads such files back. Throws INVALID_INPUT on a model of another kind, and where files contradict each other. */
export function readHuggingFace(files: Files): Pretrained {
  const { config, tokenizer } = readSettings(files)
  fileNamed(files, Object.keys(files).find(isWeights) ?? WEIGHTS)
  // Large models come in several files.
  const shards = Object.entries(files).filter(([name]) => isWeights(name))
  const tensors = new Map(shards.flatMap(([, bytes]) => [...readSafetensors(bytes).tensors]))
  requireParameters(config, new Map(Array.from(tensors, ([name, { shape }]) => [name, shape])))
  const names = Object.keys(parameterShapes(config))
  return { config, parameters: Object.fromEntries(names.map(name => [name, tensors.get(name)!.data])), tokenizer }
}

/** Configuration and tokenizer out of their files. Throws INVALID_INPUT. */
export function readSettings(files: Files): Omit<Pretrained, 'parameters'> {
  const config = fromLlamaConfig(parsed(files, CONFIG))
  validateConfig(config)
  const tokenizer = fromHuggingFace(parsed(files, TOKENIZER))
  if (tokenizer.vocabularySize > config.vocabularySize) {
    throw invalid(`${TOKENIZER} has ${tokenizer.vocabularySize} tokens and ${CONFIG} says ${config.vocabularySize}`)
  }
  return { config, tokenizer }
}

/** Throws INVALID_INPUT naming the first parameter that is not there as the configuration has it. */
export function requireParameters(config: LlamaConfig, shapes: ReadonlyMap<string, readonly number[]>): void {
  // Before shapes are made for layers that only config.json claims.
  if (config.layers > shapes.size)
    throw invalid(
      `${CONFIG} says ${counted(config.layers, 'layer')} and ${WEIGHTS} has ${counted(shapes.size, 'tensor')}`,
    )
  for (const [name, shape] of Object.entries(parameterShapes(config))) {
    const found = shapes.get(name)
    if (found?.join() === shape.join()) continue
    throw invalid(`${name} is ${found ? `of shape [${found}]` : 'missing'}, and ${CONFIG} asks for [${shape}]`)
  }
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
