import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EngineError } from '../../engine/errors.ts'
import type { Tensor } from '../../engine/formats/safetensors.ts'
import type { TensorEntry } from '../../engine/formats/safetensors-header.ts'
import { type ModelTensors, modelTensors } from '../../engine/merging/model-tensors.ts'
import { openTensorFiles } from './tensor-files.ts'

/** A folder in Hugging Face's layout, of which one tensor at a time is read. */
export interface ModelFolder extends AsyncDisposable {
  readonly path: string
  readonly tensors: ModelTensors
  /** How its numbers are stored, by tensor. */
  readonly dtypes: ReadonlyMap<string, TensorEntry['dtype']>
  read(tensor: string): Promise<Tensor>
}

/** `name` is what a recipe calls it. Throws INVALID_INPUT on a folder that is no such model. */
export async function openModelFolder(name: string, path: string): Promise<ModelFolder> {
  await using opening = new AsyncDisposableStack()
  const { entries, read } = opening.use(await openTensorFiles(name, path))
  const shapes = new Map([...entries].map(([tensor, { shape }]) => [tensor, shape]))
  const tensors = modelTensors(name, shapes, await readConfig(name, path))
  const files = opening.move()
  return {
    path,
    tensors,
    dtypes: new Map([...entries].map(([tensor, { dtype }]) => [tensor, dtype])),
    read,
    [Symbol.asyncDispose]: () => files.disposeAsync(),
  }
}

async function readConfig(name: string, path: string): Promise<Record<string, unknown>> {
  try {
    return JSON.parse(await readFile(join(path, 'config.json'), 'utf8'))
  } catch (cause) {
    throw new EngineError('INVALID_INPUT', `${name} has no usable config.json in ${path}`, { cause })
  }
}
