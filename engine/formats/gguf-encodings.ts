import { EngineError } from '../errors.ts'

/** How numbers are stored in a GGUF file (ggml/src/ggml-quants.c of llama.cpp, the reference functions). */
export interface TensorEncoding {
  /** Its number in `enum ggml_type`. */
  readonly id: number
  /** Rows are cut into blocks of so many numbers, … */
  readonly blockSize: number
  /** … each of so many bytes. */
  readonly blockBytes: number
  encode(numbers: Float32Array): Uint8Array
}

export const F32: TensorEncoding = { id: 0, blockSize: 1, blockBytes: 4, encode: numbers => bytesOf(numbers) }

export const F16: TensorEncoding = {
  id: 1,
  blockSize: 1,
  blockBytes: 2,
  encode(numbers) {
    const halves = new Float16Array(numbers)
    const at = halves.findIndex(half => !Number.isFinite(half))
    if (at >= 0) throw new EngineError('INVALID_INPUT', `${numbers[at]} is too large for 16 bits: export it as F32`)
    return bytesOf(halves)
  },
}

/** 32 numbers as x ≈ d·q: d in 16 bits, then q from −127 to 127. */
export const Q8_0: TensorEncoding = {
  id: 8,
  blockSize: 32,
  blockBytes: 34,
  encode: numbers =>
    blocks(numbers, Q8_0, (block, bytes, at) => {
      const scale = block.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0) / 127
      bytes.setFloat16(at, scale, true)
      for (const [index, x] of block.entries()) bytes.setInt8(at + 2 + index, scale ? awayFromZero(x / scale) : 0)
    }),
}

/** 32 numbers as x ≈ d·(q − 8): d in 16 bits, then q from 0 to 15, the second half above the first. */
export const Q4_0: TensorEncoding = {
  id: 2,
  blockSize: 32,
  blockBytes: 18,
  encode: numbers =>
    blocks(numbers, Q4_0, (block, bytes, at) => {
      const extreme = block.reduce((most, x) => (Math.abs(x) > Math.abs(most) ? x : most), 0)
      const scale = extreme / -8
      bytes.setFloat16(at, scale, true)
      const level = (x: number) => (scale ? Math.min(15, Math.trunc(x / scale + 8.5)) : 8)
      for (let index = 0; index < 16; index++) {
        bytes.setUint8(at + 2 + index, level(block[index]) | (level(block[index + 16]) << 4))
      }
    }),
}

function blocks(
  numbers: Float32Array,
  { blockSize, blockBytes }: TensorEncoding,
  write: (block: Float32Array, bytes: DataView, at: number) => void,
): Uint8Array {
  const count = numbers.length / blockSize
  const bytes = new DataView(new ArrayBuffer(count * blockBytes))
  for (let block = 0; block < count; block++) {
    write(numbers.subarray(block * blockSize, (block + 1) * blockSize), bytes, block * blockBytes)
  }
  return bytesOf(bytes)
}

/** C's roundf; Math.round takes −0.5 up. */
const awayFromZero = (x: number): number => Math.sign(x) * Math.round(Math.abs(x))

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView<ArrayBufferLike>): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}
