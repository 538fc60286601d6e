import { EngineError } from '../errors.ts'
import type { LlamaConfig } from '../models/llama-config.ts'
import type { Tokenizer } from '../tokenizing/tokenizer.ts'

/** A trained model with all that is needed to run it. */
export interface Pretrained {
  readonly config: LlamaConfig
  /** Under Hugging Face's names, shapes as `parameterShapes` gives them. */
  readonly parameters: Readonly<Record<string, Float32Array>>
  readonly tokenizer: Tokenizer
}

/** A model of which one parameter at a time is in memory. */
export interface StoredModel extends Omit<Pretrained, 'parameters'> {
  /** Of the shape that `parameterShapes` gives. Throws INVALID_INPUT where there is none of that name. */
  read(parameter: string): Promise<Float32Array>
}

/** A file that is made part by part, each time it is asked for. */
export interface FileParts {
  readonly path: string
  readonly parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>
}

/** A model in memory, to be read like any other. */
export const storedModel = ({ parameters, ...settings }: Pretrained): StoredModel => ({
  ...settings,
  async read(parameter) {
    const data = parameters[parameter]
    if (!data) throw new EngineError('INVALID_INPUT', `parameter ${parameter} is missing`)
    return data
  },
})
