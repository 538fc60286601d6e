import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Tensor } from '../../engine/formats/safetensors.ts'
import type { ModelTensors } from '../../engine/merging/model-tensors.ts'
import type { TensorSource } from '../../engine/merging/plan.ts'
import type { DownloadProgress } from '../downloads.ts'
import { ForgeError } from '../errors.ts'
import type { Forge } from '../forge.ts'
import { type ModelFolder, openModelFolder } from './model-folder.ts'

export interface MergeModels extends AsyncDisposable {
  readonly folders: ReadonlyMap<string, ModelFolder>
  readonly tensors: ReadonlyMap<string, ModelTensors>
  read(source: TensorSource): Promise<Tensor>
}

interface Surroundings {
  readonly forge: Pick<Forge, 'download'>
  /** Of the result: versions of a forge wait in it. */
  readonly folder: string
  readonly signal: AbortSignal
  onProgress(progress: DownloadProgress): void
}

/** Opens folders, and versions of the forge where there is no such folder; what was fetched goes at the end. */
export async function openMergeModels(
  names: readonly string[],
  { folder, ...surroundings }: Surroundings,
): Promise<MergeModels> {
  await using opening = new AsyncDisposableStack()
  const fetched = join(folder, '.models')
  opening.defer(() => rm(fetched, { recursive: true, force: true }))
  const folders = new Map<string, ModelFolder>()
  for (const [index, name] of names.entries()) {
    const place = (await isFolder(name)) ? name : await fetch(name, join(fetched, String(index)), surroundings)
    folders.set(name, opening.use(await openModelFolder(name, place)))
  }
  const open = opening.move()
  return {
    folders,
    tensors: new Map([...folders].map(([name, { tensors }]) => [name, tensors])),
    read: ({ model, tensor }) => folders.get(model)!.read(tensor),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    found => found.isDirectory(),
    () => false,
  )
}

/** `name/3` and `name@alias`, nothing that looks like a path. */
const ref = /^[a-z0-9][a-z0-9._-]*[/@][a-z0-9][a-z0-9._-]*$/

async function fetch(
  name: string,
  place: string,
  { forge, signal, onProgress }: Omit<Surroundings, 'folder'>,
): Promise<string> {
  if (!ref.test(name)) {
    throw new ForgeError(
      'INVALID_INPUT',
      `There is no folder ${name}, and it is no version of the forge such as name/3.`,
    )
  }
  const { folder } = await forge.download(name, place, { signal, onProgress })
  return folder
}
