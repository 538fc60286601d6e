import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CONFIG, readSettings, requireParameters, TOKENIZER } from '../../engine/formats/huggingface.ts'
import type { StoredModel } from '../../engine/formats/pretrained.ts'
import { openTensorFiles } from './tensor-files.ts'

/**
 * A folder in Hugging Face's Llama layout, of which one parameter at a time is read, as 32-bit numbers. `name` is what
 * errors call it. Throws INVALID_INPUT on a folder that is no such model.
 */
export async function openPretrainedFolder(name: string, path: string): Promise<StoredModel & AsyncDisposable> {
  const names = (await readdir(path)).filter(file => file === CONFIG || file === TOKENIZER)
  const files = await Promise.all(names.map(async file => [file, await readFile(join(path, file))] as const))
  const settings = readSettings(Object.fromEntries(files))
  await using opening = new AsyncDisposableStack()
  const { entries, read } = opening.use(await openTensorFiles(name, path))
  requireParameters(settings.config, new Map([...entries].map(([tensor, { shape }]) => [tensor, shape])))
  const tensors = opening.move()
  return {
    ...settings,
    read: async parameter => (await read(parameter)).data,
    [Symbol.asyncDispose]: () => tensors.disposeAsync(),
  }
}
