import { EngineError } from '../errors.ts'
import { type Merge, type MergeTable, mergePiece, mergeTable } from './merges.ts'
import { type PreTokenizer, preTokens } from './pre-tokens.ts'
import { createSegmentCache } from './segment-cache.ts'
import { segments } from './segments.ts'
import { utf8Segments } from './utf8.ts'

/** What a byte-level BPE tokenizer is made of. */
export interface TokenizerParts {
  /** The bytes of every token by id. A special token's are its name in UTF-8. */
  readonly vocabulary: readonly Uint8Array[]
  readonly merges: readonly Merge[]
  /** Tokens that no text encodes to: they are put between texts by id. */
  readonly specialTokens: ReadonlyMap<string, number>
  /** LLAMA3 where it is not given. */
  readonly preTokenizer?: PreTokenizer
  /** A piece that is a token is that token, whatever its merges would make of it; as in Llama 3. */
  readonly ignoreMerges?: boolean
}

/** A byte-level BPE tokenizer, as in GPT-2 and Llama 3: every byte string has an encoding that decodes to it exactly. */
export interface Tokenizer extends TokenizerParts {
  readonly vocabularySize: number
  /** Text is only text: the name of a special token in it is spelled out. A lone surrogate becomes U+FFFD. */
  encode(text: string): Int32Array
  /** As `encode` where the bytes are UTF-8; bytes that are not become a token each. */
  encodeBytes(bytes: Uint8Array): Int32Array
  /** Bytes that are not UTF-8 become U+FFFD. Throws INVALID_INPUT on an id outside the vocabulary. */
  decode(ids: Iterable<number>): string
  decodeBytes(ids: Iterable<number>): Uint8Array
}

export const END_OF_TEXT = '<|endoftext|>'

/** Throws INVALID_INPUT if a byte has no token or a merge's result is not in the vocabulary. */
export function createTokenizer(parts: TokenizerParts): Tokenizer {
  const { vocabulary, preTokenizer, ignoreMerges } = parts
  const { ids, byteIds, table } = lookups(parts)
  const utf8 = new TextEncoder()
  const cache = createSegmentCache()

  const encodePiece = (piece: string): Int32Array => {
    const bytes = utf8.encode(piece)
    const whole = ignoreMerges ? ids.get(latin1(bytes)) : undefined
    if (whole !== undefined) return Int32Array.of(whole)
    const symbols: number[] = []
    for (const byte of bytes) symbols.push(byteIds[byte])
    return mergePiece(symbols, table)
  }

  const encode = (text: string): Int32Array => {
    let tokens = new Int32Array(64 + Math.ceil(text.length / 2))
    let length = 0
    const append = (ids: Int32Array, from: number, to: number): void => {
      if (length + to - from > tokens.length) tokens = enlarged(tokens, 2 * (length + to - from))
      for (let at = from; at < to; at++) tokens[length++] = ids[at]
    }
    for (const segment of segments(text)) {
      const place = cache.find(segment)
      if (place !== undefined) {
        append(cache.ids, place + 1, place + 1 + cache.ids[place])
        continue
      }
      const start = length
      for (const piece of preTokens(segment, preTokenizer)) {
        const part = encodePiece(piece)
        append(part, 0, part.length)
      }
      cache.add(segment, tokens.subarray(start, length))
    }
    return tokens.slice(0, length)
  }

  const encodeBytes = (bytes: Uint8Array): Int32Array => {
    const runs: Int32Array[] = []
    for (const part of utf8Segments(bytes)) {
      runs.push(typeof part === 'string' ? encode(part) : Int32Array.from(part, byte => byteIds[byte]))
    }
    return joined(runs)
  }

  const decodeBytes = (ids: Iterable<number>): Uint8Array => {
    const tokens = Array.from(ids, id => tokenBytes(vocabulary, id))
    return Buffer.concat(tokens)
  }

  const decode = (ids: Iterable<number>): string =>
    new TextDecoder('utf-8', { ignoreBOM: true }).decode(decodeBytes(ids))

  return { ...parts, vocabularySize: vocabulary.length, encode, encodeBytes, decode, decodeBytes }
}

/** Throws INVALID_INPUT on an id outside the vocabulary. */
export function tokenBytes(vocabulary: readonly Uint8Array[], id: number): Uint8Array {
  const bytes = vocabulary[id]
  if (!bytes) throw invalid(`token ${id} is not in this vocabulary: ids run from 0 to ${vocabulary.length - 1}`)
  return bytes
}

interface Lookups {
  /** By the bytes as Latin-1. */
  readonly ids: ReadonlyMap<string, number>
  readonly byteIds: readonly number[]
  readonly table: MergeTable
}

function lookups({ vocabulary, merges, specialTokens }: TokenizerParts): Lookups {
  const special = new Set(specialTokens.values())
  const ids = new Map<string, number>()
  for (const [id, bytes] of vocabulary.entries()) if (!special.has(id)) ids.set(latin1(bytes), id)

  const byteIds = Array.from({ length: 256 }, (_, byte) => {
    const id = ids.get(String.fromCharCode(byte))
    if (id === undefined) throw invalid(`the vocabulary has no token for byte ${byte}: it is not byte-level`)
    return id
  })
  const results = merges.map(([left, right]) => {
    const text = latin1(tokenBytes(vocabulary, left)) + latin1(tokenBytes(vocabulary, right))
    const id = ids.get(text)
    if (id === undefined)
      throw invalid(`the merge of tokens ${left} and ${right} makes a token that the vocabulary lacks`)
    return id
  })
  return { ids, byteIds, table: mergeTable(merges, results) }
}

/** One character a byte, so that byte strings can key a map. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

function joined(parts: readonly Int32Array[]): Int32Array {
  if (parts.length === 1) return parts[0]
  const whole = new Int32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

function enlarged(ids: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(length)
  larger.set(ids)
  return larger
}

function invalid(message: string): EngineError {
  return new EngineError('INVALID_INPUT', message)
}
