import { EngineError } from '../errors.ts'
import { type Metadata, parseHeader, type TensorEntry } from './safetensors-header.ts'

/** A tensor of 32-bit floats, row-major. */
export interface Tensor {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

export interface Safetensors {
  readonly tensors: ReadonlyMap<string, Tensor>
  readonly metadata: Metadata
}

/** `metadata.format: 'pt'` is what Hugging Face's loaders ask for. */
export const PYTORCH: Metadata = { format: 'pt' }

/**
 * A safetensors file (github.com/huggingface/safetensors, README "Format") part by part, for a stream: its header, then
 * every tensor's bytes in the order of names. The parts are views of the tensors, not copies, in the byte order of the
 * machine: little-endian, as the format wants, wherever Node runs.
 */
export function* safetensorsParts(
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Metadata,
): Generator<Uint8Array> {
  const names = Object.keys(tensors).sort()
  // Object.fromEntries, for a tensor may be called __proto__.
  const entries: [string, unknown][] = [['__metadata__', metadata]]
  let offset = 0
  for (const name of names) {
    const { shape, data } = tensors[name]
    const wanted = shape.reduce((product, size) => product * size, 1)
    if (wanted !== data.length || name === '__metadata__') {
      throw new EngineError(
        'INVALID_INPUT',
        `tensor "${name}" of shape [${shape}] cannot be written with ${data.length} numbers`,
      )
    }
    entries.push([name, { dtype: 'F32', shape, data_offsets: [offset, offset + data.byteLength] }])
    offset += data.byteLength
  }

  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)))
  const padded = Math.ceil(json.length / 8) * 8
  const header = new Uint8Array(8 + padded).fill(0x20, 8)
  new DataView(header.buffer).setBigUint64(0, BigInt(padded), true)
  header.set(json, 8)
  yield header
  for (const name of names) yield bytesOf(tensors[name].data)
}

export function writeSafetensors(tensors: Readonly<Record<string, Tensor>>, metadata: Metadata = PYTORCH): Uint8Array {
  return Buffer.concat([...safetensorsParts(tensors, metadata)])
}

/** Throws INVALID_INPUT saying what is wrong with the file. The tensors are views of `bytes` where its alignment allows. */
export function readSafetensors(bytes: Uint8Array): Safetensors {
  const { entries, metadata, dataStart } = parseHeader(bytes)
  const tensors = new Map<string, Tensor>()
  for (const entry of entries) tensors.set(entry.name, { shape: entry.shape, data: floatsOf(bytes, dataStart, entry) })
  return { tensors, metadata }
}

function floatsOf(bytes: Uint8Array, dataStart: number, { begin, end }: TensorEntry): Float32Array {
  const part = bytes.subarray(dataStart + begin, dataStart + end)
  if (part.byteOffset % 4 === 0) return new Float32Array(part.buffer, part.byteOffset, part.byteLength / 4)
  return new Float32Array(Uint8Array.from(part).buffer)
}

function bytesOf(data: Float32Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}
