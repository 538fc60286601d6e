import { EngineError } from '../errors.ts'
import { type Merge, type MergeTable, mergePiece, mergeTable } from './merges.ts'
import { preTokens } from './pre-tokens.ts'
import { utf8Segments } from './utf8.ts'

/** What a byte-level BPE tokenizer is made of. */
export interface TokenizerParts {
  /** The bytes of every token by id. A special token's are its name in UTF-8. */
  readonly vocabulary: readonly Uint8Array[]
  readonly merges: readonly Merge[]
  /** Tokens that no text encodes to: they are put between texts by id. */
  readonly specialTokens: ReadonlyMap<string, number>
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

// Natural text repeats its pieces; the bound keeps hostile text from filling memory.
const CACHED_PIECES = 65_536
const CACHED_PIECE_LENGTH = 64

/** Throws INVALID_INPUT if a byte has no token or a merge's result is not in the vocabulary. */
export function createTokenizer(parts: TokenizerParts): Tokenizer {
  const { vocabulary } = parts
  const { byteIds, table } = lookups(parts)
  const utf8 = new TextEncoder()
  const cache = new Map<string, Int32Array>()

  const encodePiece = (piece: string): Int32Array => {
    const known = cache.get(piece)
    if (known) return known
    const ids = mergePiece(
      Int32Array.from(utf8.encode(piece), byte => byteIds[byte]),
      table,
    )
    if (piece.length > CACHED_PIECE_LENGTH) return ids
    if (cache.size >= CACHED_PIECES) cache.clear()
    cache.set(piece, ids)
    return ids
  }

  const encode = (text: string): Int32Array => {
    let ids = new Int32Array(64 + Math.ceil(text.length / 2))
    let length = 0
    for (const piece of preTokens(text)) {
      const part = encodePiece(piece)
      if (length + part.length > ids.length) ids = enlarged(ids, 2 * (length + part.length))
      ids.set(part, length)
      length += part.length
    }
    return ids.slice(0, length)
  }

  const encodeBytes = (bytes: Uint8Array): Int32Array => {
    const runs: Int32Array[] = []
    for (const segment of utf8Segments(bytes)) {
      runs.push(typeof segment === 'string' ? encode(segment) : Int32Array.from(segment, byte => byteIds[byte]))
    }
    const ids = new Int32Array(runs.reduce((sum, run) => sum + run.length, 0))
    let at = 0
    for (const run of runs) {
      ids.set(run, at)
      at += run.length
    }
    return ids
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

function lookups({ vocabulary, merges, specialTokens }: TokenizerParts): { byteIds: number[]; table: MergeTable } {
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
  return { byteIds, table: mergeTable(merges, results) }
}

/** One character a byte, so that byte strings can key a map. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

function enlarged(ids: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(length)
  larger.set(ids)
  return larger
}

function invalid(message: string): EngineError {
  return new EngineError('INVALID_INPUT', message)
}
