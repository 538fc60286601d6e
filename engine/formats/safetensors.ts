import { EngineError } from '../errors.ts'
import { type Metadata, parseHeader, writeHeader } from './safetensors-header.ts'
import { decodedNumbers, encodedNumbers } from './safetensors-numbers.ts'

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
  for (const name of names) {
    const { shape, data } = tensors[name]
    const wanted = shape.reduce((product, size) => product * size, 1)
    if (wanted === data.length && name !== '__metadata__') continue
    throw new EngineError(
      'INVALID_INPUT',
      `tensor "${name}" of shape [${shape}] cannot be written with ${data.length} numbers`,
    )
  }
  yield writeHeader(
    names.map(name => ({ name, shape: tensors[name].shape, dtype: 'F32' })),
    metadata,
  )
  for (const name of names) yield encodedNumbers(tensors[name].data, 'F32')
}

export function writeSafetensors(tensors: Readonly<Record<string, Tensor>>, metadata: Metadata = PYTORCH): Uint8Array {
  return Buffer.concat([...safetensorsParts(tensors, metadata)])
}

/** Throws INVALID_INPUT saying what is wrong with the file. Numbers of 16 bits become 32; other tensors are views of `bytes` where its alignment allows. */
export function readSafetensors(bytes: Uint8Array): Safetensors {
  const { entries, metadata, dataStart } = parseHeader(bytes)
  const tensors = new Map<string, Tensor>()
  for (const { name, shape, dtype, begin, end } of entries) {
    tensors.set(name, { shape, data: decodedNumbers(bytes.subarray(dataStart + begin, dataStart + end), dtype) })
  }
  return { tensors, metadata }
}
