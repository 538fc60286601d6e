import type { Dtype } from './safetensors-header.ts'

/** Numbers of 16 bits become 32; those of 32 are a view of `bytes` where its alignment allows. */
export function decodedNumbers(bytes: Uint8Array, dtype: Dtype): Float32Array {
  if (dtype === 'F16') return new Float32Array(new Float16Array(aligned(bytes).buffer))
  if (dtype === 'BF16') {
    // The upper half of a 32-bit float.
    const halves = new Uint16Array(aligned(bytes).buffer)
    const words = new Uint32Array(halves.length)
    for (let index = 0; index < halves.length; index++) words[index] = halves[index]! << 16
    return new Float32Array(words.buffer)
  }
  if (bytes.byteOffset % 4 === 0) return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
  return new Float32Array(aligned(bytes).buffer)
}

/** Rounded to the nearest, ties to even; in 32 bits they are a view. */
export function encodedNumbers(numbers: Float32Array, dtype: Dtype): Uint8Array {
  if (dtype === 'F16') return new Uint8Array(new Float16Array(numbers).buffer)
  if (dtype === 'F32') return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength)
  const words = new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length)
  const halves = new Uint16Array(words.length)
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!
    // Rounding would carry a NaN whose upper bits are full over into zero.
    halves[index] = Number.isNaN(numbers[index]) ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16
  }
  return new Uint8Array(halves.buffer)
}

/** A copy with an offset of zero, unless these bytes are such already. */
const aligned = (bytes: Uint8Array): Uint8Array =>
  bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength ? bytes : Uint8Array.from(bytes)
