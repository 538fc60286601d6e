import { EngineError } from '../errors.ts'
import type { TensorEncoding } from './gguf-encodings.ts'

/** Numbers of a block that share one scale d: x = d·t, t from −1, 0 and 1. */
const blockSize = 256

/** Five digits of base 3 in a byte, as a fraction of 243 in 256 rounded up; d in 16 bits at the end (quantize_row_tq1_0_ref). */
export const TQ1_0: TensorEncoding = {
  id: 34,
  blockSize,
  blockBytes: 54,
  encode: numbers =>
    blocks(numbers, 54, (digits, bytes) => {
      let at = 0
      let from = 0
      for (const width of [32, 16]) {
        for (let column = 0; column < width; column++) {
          const five = [0, 1, 2, 3, 4].map(row => digits[from + row * width + column]!)
          bytes[at++] = packed(five)
        }
        from += 5 * width
      }
      for (let column = 0; column < 4; column++) {
        const four = [0, 1, 2, 3].map(row => digits[from + row * 4 + column]!)
        bytes[at++] = packed([...four, 0])
      }
    }),
}

/** Four numbers of two bits in a byte, 32 apart; d in 16 bits at the end (quantize_row_tq2_0_ref). */
export const TQ2_0: TensorEncoding = {
  id: 35,
  blockSize,
  blockBytes: 66,
  encode: numbers =>
    blocks(numbers, 66, (digits, bytes) => {
      for (let at = 0; at < 64; at++) {
        const from = Math.floor(at / 32) * 128 + (at % 32)
        for (let row = 0; row < 4; row++) bytes[at]! |= digits[from + row * 32]! << (2 * row)
      }
    }),
}

/** How far from −d, 0 or d a number of a ternary model may be, as a share of d. */
const tolerance = 0.01

/** Throws INVALID_INPUT where rows are cut by blocks. */
export function requireWholeBlocks(name: string, rowLength: number): void {
  if (rowLength % blockSize === 0) return
  const message = `the rows of ${name} have ${rowLength} numbers, and TQ1_0 and TQ2_0 need a multiple of ${blockSize}: export it as q8_0 or f16`
  throw new EngineError('INVALID_INPUT', message)
}

/** Throws INVALID_INPUT where rounding to three values would change the numbers. */
export function requireTernary(name: string, numbers: Float32Array): void {
  for (let start = 0; start < numbers.length; start += blockSize) {
    const block = numbers.subarray(start, start + blockSize)
    const scale = largest(block)
    const odd = block.findIndex(x => {
      const share = Math.abs(x) / scale
      return scale > 0 && Math.min(share, Math.abs(1 - share)) > tolerance
    })
    if (odd >= 0) {
      const message = `${name} is not ternary: ${block[odd]} is neither 0 nor ±${scale} (TQ1_0 and TQ2_0 are for models of the BITNET phase): export it as q8_0 or f16`
      throw new EngineError('INVALID_INPUT', message)
    }
  }
}

/** Digits are 0, 1 and 2 for −1, 0 and 1. */
function blocks(
  numbers: Float32Array,
  blockBytes: number,
  write: (digits: Uint8Array, bytes: Uint8Array) => void,
): Uint8Array {
  const count = numbers.length / blockSize
  const bytes = new Uint8Array(count * blockBytes)
  const view = new DataView(bytes.buffer)
  for (let block = 0; block < count; block++) {
    const from = numbers.subarray(block * blockSize, (block + 1) * blockSize)
    const scale = largest(from)
    const digits = Uint8Array.from(from, x => (scale ? Math.sign(x) * Math.round(Math.abs(x) / scale) : 0) + 1)
    write(digits, bytes.subarray(block * blockBytes, (block + 1) * blockBytes))
    view.setFloat16((block + 1) * blockBytes - 2, scale, true)
  }
  return bytes
}

const packed = (digits: readonly number[]): number =>
  Math.ceil((digits.reduce((value, digit) => value * 3 + digit, 0) * 256) / 243)

const largest = (block: Float32Array): number => block.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
