import { readdir } from 'node:fs/promises'
import { PYTORCH, type Tensor } from '../../engine/formats/safetensors.ts'
import { bytesEach, type Dtype, writeHeader } from '../../engine/formats/safetensors-header.ts'
import { encodedNumbers } from '../../engine/formats/safetensors-numbers.ts'
import type { PlannedTensor } from '../../engine/merging/plan.ts'
import type { DownloadProgress } from '../downloads.ts'
import { ForgeError } from '../errors.ts'
import { type WrittenFile, writeFileParts } from './written-file.ts'

interface Options {
  readonly dtype: Dtype
  readonly shardBytes: number
  readonly signal: AbortSignal
  onProgress(progress: DownloadProgress): void
}

interface Shard {
  readonly path: string
  readonly tensors: readonly PlannedTensor[]
}

const index = 'model.safetensors.index.json'

/** Writes the tensors as they come, into one file or, above `shardBytes`, into several with an index. */
export async function writeShards(
  folder: string,
  planned: readonly PlannedTensor[],
  tensors: AsyncIterator<{ readonly tensor: Tensor }>,
  { dtype, shardBytes, signal, onProgress }: Options,
): Promise<WrittenFile[]> {
  const sizeBytes = planned.reduce((sum, tensor) => sum + bytesOf(tensor, dtype), 0)
  let receivedBytes = 0
  async function* parts(shard: Shard): AsyncGenerator<Uint8Array> {
    yield writeHeader(
      shard.tensors.map(({ name, shape }) => ({ name, shape, dtype })),
      PYTORCH,
    )
    for (const { name } of shard.tensors) {
      signal.throwIfAborted()
      const bytes = encodedNumbers((await tensors.next()).value.tensor.data, dtype)
      yield bytes
      receivedBytes += bytes.length
      onProgress({ path: name, receivedBytes, sizeBytes })
    }
  }

  const shards = sharded(planned, dtype, shardBytes)
  const written: WrittenFile[] = []
  for (const shard of shards) written.push(await writeFileParts(folder, shard.path, parts(shard)))
  if (shards.length > 1) {
    const weight_map = Object.fromEntries(
      shards.flatMap(({ path, tensors }) => tensors.map(({ name }) => [name, path])),
    )
    const json = `${JSON.stringify({ metadata: { total_size: sizeBytes }, weight_map }, null, 2)}\n`
    written.push(await writeFileParts(folder, index, [Buffer.from(json)]))
  }
  return written
}

/** In their order, as many as fit; a tensor that is larger than a shard has one of its own. */
function sharded(tensors: readonly PlannedTensor[], dtype: Dtype, shardBytes: number): readonly Shard[] {
  const groups: PlannedTensor[][] = [[]]
  let filled = 0
  for (const tensor of tensors) {
    const size = bytesOf(tensor, dtype)
    if (filled > 0 && filled + size > shardBytes) {
      groups.push([])
      filled = 0
    }
    groups.at(-1)!.push(tensor)
    filled += size
  }
  if (groups.length === 1) return [{ path: 'model.safetensors', tensors }]
  const padded = (value: number) => String(value).padStart(5, '0')
  return groups.map((group, position) => ({
    path: `model-${padded(position + 1)}-of-${padded(groups.length)}.safetensors`,
    tensors: group,
  }))
}

const bytesOf = ({ shape }: PlannedTensor, dtype: Dtype) =>
  shape.reduce((product, size) => product * size, bytesEach[dtype])

/** Weights of another model beside those of this one would make a folder that loads as neither. */
export async function requireFree(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const taken = names.find(name => name === 'config.json' || name.endsWith('.safetensors'))
  if (taken) throw new ForgeError('CONFLICT', `${folder} holds a model already (${taken}): choose another folder.`)
}
