import { Heap } from './heap.ts'

/** Two tokens that become one. A merge's rank is its place in the list: lower merges first. */
export type Merge = readonly [left: number, right: number]

interface RankedMerge {
  readonly rank: number
  readonly result: number
}

// Token ids stay under 2^21, so that a pair fits a double exactly.
const ID_LIMIT = 2 ** 21
const POSITION_LIMIT = 2 ** 32

export function pairKey(left: number, right: number): number {
  return left * ID_LIMIT + right
}

export type MergeTable = ReadonlyMap<number, RankedMerge>

export function mergeTable(merges: readonly Merge[], results: readonly number[]): MergeTable {
  return new Map(merges.map(([left, right], rank) => [pairKey(left, right), { rank, result: results[rank] }]))
}

const NO_MERGE = 2 ** 31 - 1

/** Up to here looking at every rank again costs less than a queue: texts without spaces have pieces as long as a sentence. */
const SHORT_PIECE = 256

/**
 * Byte-pair encoding of one piece (Sennrich et al. 2016): the lowest-ranked pair merges first, the leftmost among
 * equals.
 */
export function mergePiece(symbols: readonly number[], table: MergeTable): Int32Array {
  return symbols.length > SHORT_PIECE ? mergeLong(Int32Array.from(symbols), table) : mergeShort(symbols, table)
}

/** Looks at every rank again for each merge, and looks up only those that the merge has changed. */
function mergeShort(symbols: readonly number[], table: MergeTable): Int32Array {
  const merged = Int32Array.from(symbols)
  const ranks = new Int32Array(symbols.length)
  let length = symbols.length
  const rankAt = (at: number): number =>
    at + 1 < length ? (table.get(pairKey(merged[at], merged[at + 1]))?.rank ?? NO_MERGE) : NO_MERGE

  for (let at = 0; at < length; at++) ranks[at] = rankAt(at)
  for (;;) {
    let place = 0
    for (let at = 1; at < length; at++) if (ranks[at] < ranks[place]) place = at
    if (length === 0 || ranks[place] === NO_MERGE) return merged.slice(0, length)
    merged[place] = table.get(pairKey(merged[place], merged[place + 1]))!.result
    length--
    for (let at = place + 1; at < length; at++) {
      merged[at] = merged[at + 1]
      ranks[at] = ranks[at + 1]
    }
    ranks[place] = rankAt(place)
    if (place > 0) ranks[place - 1] = rankAt(place - 1)
  }
}

/** O(n log n), so that a megabyte of spaces does not stop the process. */
function mergeLong(symbols: Int32Array, table: MergeTable): Int32Array {
  const end = symbols.length
  const next = Int32Array.from(symbols, (_, at) => at + 1)
  const previous = Int32Array.from(symbols, (_, at) => at - 1)
  const gone = new Uint8Array(end)
  const waiting = new Heap<number>((a, b) => a < b)

  const mergeAt = (at: number): RankedMerge | undefined =>
    next[at] < end ? table.get(pairKey(symbols[at], symbols[next[at]])) : undefined
  const enqueue = (at: number): void => {
    const merge = mergeAt(at)
    if (merge) waiting.push(merge.rank * POSITION_LIMIT + at)
  }

  for (let at = 0; at < end - 1; at++) enqueue(at)
  for (let entry = waiting.pop(); entry !== undefined; entry = waiting.pop()) {
    const at = entry % POSITION_LIMIT
    const merge = gone[at] ? undefined : mergeAt(at)
    // A neighbour has merged since: the pair that this entry stood for is no more.
    if (!merge || merge.rank !== Math.floor(entry / POSITION_LIMIT)) continue

    const absorbed = next[at]
    symbols[at] = merge.result
    gone[absorbed] = 1
    next[at] = next[absorbed]
    if (next[at] < end) previous[next[at]] = at
    enqueue(at)
    if (previous[at] >= 0) enqueue(previous[at])
  }
  return symbols.filter((_, at) => !gone[at])
}
