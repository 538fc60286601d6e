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

/** Up to here looking at every pair again costs less than a queue. */
const SHORT_PIECE = 48

/**
 * Byte-pair encoding of one piece (Sennrich et al. 2016): the lowest-ranked pair merges first, the leftmost among
 * equals. `symbols` is overwritten.
 */
export function mergePiece(symbols: number[], table: MergeTable): Int32Array {
  return symbols.length > SHORT_PIECE ? mergeLong(Int32Array.from(symbols), table) : mergeShort(symbols, table)
}

function mergeShort(symbols: number[], table: MergeTable): Int32Array {
  for (;;) {
    let best: RankedMerge | undefined
    let place = 0
    for (let at = 0; at + 1 < symbols.length; at++) {
      const merge = table.get(pairKey(symbols[at], symbols[at + 1]))
      if (merge === undefined || (best !== undefined && merge.rank >= best.rank)) continue
      best = merge
      place = at
    }
    if (best === undefined) return Int32Array.from(symbols)
    symbols[place] = best.result
    symbols.splice(place + 1, 1)
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
