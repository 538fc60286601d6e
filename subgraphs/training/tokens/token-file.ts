import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { Tokens } from '../../../engine/training/batches.ts'

/** Marks the file and the version of its form. */
const MARK = 0x4b_4f_54_46
export const HEADER_BYTES = 32

/** Tokens of a dataset: those that are trained on, and behind them those that are kept for validation. */
export interface TokenCounts {
  readonly training: number
  readonly validation: number
}

export interface StoredTokens extends Disposable {
  readonly training: Tokens
  readonly validation: Tokens
}

/** Bytes of an id. */
export const widthOf = (vocabularySize: number): 2 | 4 => (vocabularySize <= 65_536 ? 2 : 4)

export function headerOf({ training, validation }: TokenCounts, width: 2 | 4): Buffer {
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt32LE(MARK, 0)
  header.writeUInt32LE(width, 4)
  header.writeBigUInt64LE(BigInt(training), 8)
  header.writeBigUInt64LE(BigInt(validation), 16)
  return header
}

/** Opens a file of tokens, of which only what is asked for is read; null where it is missing, or not whole. */
export function openTokenFile(path: string): StoredTokens | null {
  const file = opened(path)
  if (file === null) return null
  const header = Buffer.alloc(HEADER_BYTES)
  readSync(file, header, 0, HEADER_BYTES, 0)
  const width = header.readUInt32LE(4) as 2 | 4
  const [training, validation] = [8, 16].map(at => Number(header.readBigUInt64LE(at))) as [number, number]
  const isWhole = fstatSync(file).size === HEADER_BYTES + width * (training + validation)
  if (header.readUInt32LE(0) !== MARK || !isWhole) {
    closeSync(file)
    return null
  }
  return {
    training: tokensAt(file, width, 0, training),
    validation: tokensAt(file, width, training, validation),
    [Symbol.dispose]: () => closeSync(file),
  }
}

/** A part of tokens, as tokens. */
export const tokensBetween = (tokens: Tokens, from: number, to: number): Tokens => ({
  length: to - from,
  subarray: (begin, end) => tokens.subarray(from + begin, from + Math.min(end, to - from)),
})

/** The system keeps in memory what is read again, and forgets it before anything else. */
function tokensAt(file: number, width: 2 | 4, start: number, length: number): Tokens {
  return {
    length,
    subarray(begin, end) {
      const count = Math.max(0, Math.min(end, length) - begin)
      const ids = width === 2 ? new Uint16Array(count) : new Int32Array(count)
      const bytes = new Uint8Array(ids.buffer)
      const position = HEADER_BYTES + width * (start + begin)
      for (let done = 0; done < bytes.length; ) {
        const read = readSync(file, bytes, done, bytes.length - done, position + done)
        if (read === 0) throw new Error(`The tokens end at ${position + done}: the file was cut while it was open.`)
        done += read
      }
      return ids
    },
  }
}

function opened(path: string): number | null {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
