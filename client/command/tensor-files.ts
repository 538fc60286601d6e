import { type FileHandle, open, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EngineError } from '../../engine/errors.ts'
import type { Tensor } from '../../engine/formats/safetensors.ts'
import { headerEnd, parseHeader, type TensorEntry } from '../../engine/formats/safetensors-header.ts'
import { decodedNumbers } from '../../engine/formats/safetensors-numbers.ts'

/** The safetensors files of a folder, of which one tensor at a time is read. */
export interface TensorFiles extends AsyncDisposable {
  readonly entries: ReadonlyMap<string, Pick<TensorEntry, 'shape' | 'dtype'>>
  /** A tensor that is among the entries. */
  read(tensor: string): Promise<Tensor>
}

interface Stored {
  readonly entry: TensorEntry
  readonly file: FileHandle
  /** In the file. */
  readonly begin: number
}

/** `name` is what errors call the folder. Throws INVALID_INPUT where it has no weights, or they lie about themselves. */
export async function openTensorFiles(name: string, path: string): Promise<TensorFiles> {
  await using opening = new AsyncDisposableStack()
  const stored = new Map<string, Stored>()
  for (const shard of await shardsOf(name, path)) {
    const file = opening.use(await open(join(path, shard)))
    for (const found of await entriesOf(file, `${name}: ${shard}`)) stored.set(found.entry.name, found)
  }
  const handles = opening.move()
  return {
    entries: new Map([...stored].map(([tensor, { entry }]) => [tensor, entry])),
    async read(tensor) {
      const { entry, file, begin } = stored.get(tensor)!
      const bytes = await readBytes(file, begin, entry.end - entry.begin)
      return { shape: entry.shape, data: decodedNumbers(bytes, entry.dtype) }
    },
    [Symbol.asyncDispose]: () => handles.disposeAsync(),
  }
}

async function shardsOf(name: string, path: string): Promise<readonly string[]> {
  const names = await readdir(path)
  const index = 'model.safetensors.index.json'
  if (names.includes(index)) {
    const { weight_map } = JSON.parse(await readFile(join(path, index), 'utf8')) as {
      weight_map: Record<string, string>
    }
    const shards = [...new Set(Object.values(weight_map))]
    const missing = shards.find(shard => !names.includes(shard))
    if (missing === undefined) return shards
    throw new EngineError('INVALID_INPUT', `${index} of ${name} names ${missing}, and ${path} has no such file`)
  }
  const weights = names.filter(file => file.endsWith('.safetensors'))
  if (weights.includes('model.safetensors')) return ['model.safetensors']
  if (weights.length > 0) return weights
  throw new EngineError('INVALID_INPUT', `${name} has no *.safetensors in ${path}: convert its weights first`)
}

async function entriesOf(file: FileHandle, what: string): Promise<Stored[]> {
  const { size } = await file.stat()
  try {
    const end = headerEnd(await readBytes(file, 0, Math.min(8, size)), size)
    const { entries, dataStart } = parseHeader(await readBytes(file, 0, end), size)
    return entries.map(entry => ({ entry, file, begin: dataStart + entry.begin }))
  } catch (error) {
    if (error instanceof EngineError) throw new EngineError(error.code, `${what}: ${error.message}`, { cause: error })
    throw error
  }
}

async function readBytes(file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  // Of its own, for its numbers must begin at a multiple of four.
  const bytes = new Uint8Array(length)
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(bytes, done, Math.min(length - done, 2 ** 30), position + done)
    if (bytesRead === 0) throw new EngineError('INVALID_INPUT', `the file ends at byte ${position + done}`)
    done += bytesRead
  }
  return bytes
}
