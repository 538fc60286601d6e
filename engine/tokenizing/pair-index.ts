import { Heap } from './heap.ts'
import { pairKey } from './merges.ts'

// Real words are shorter. A piece of a million letters would be scanned once for every merge.
const LONGEST_WORD = 256

export interface Candidate {
  readonly left: number
  readonly right: number
  readonly count: number
}

/** Two neighbours: how often they occur, and in which words, some of which may have lost them since. */
interface Pair {
  readonly left: number
  readonly right: number
  count: number
  readonly words: number[]
}

/** How often every pair of neighbours occurs, and in which words; kept up to date merge by merge. */
export class PairIndex {
  /** Of all words, one behind the other; a word that has become shorter leaves a gap behind it. */
  readonly #symbols: Int32Array
  readonly #words: { readonly start: number; end: number; readonly times: number }[] = []
  readonly #pairs = new Map<number, Pair>()
  readonly #queue = new Heap<Candidate>(
    (a, b) => a.count > b.count || (a.count === b.count && pairKey(a.left, a.right) < pairKey(b.left, b.right)),
  )

  constructor(pieces: ReadonlyMap<string, number>) {
    let size = 0
    for (const piece of pieces.keys()) size += Buffer.byteLength(piece)
    this.#symbols = new Int32Array(size)
    const utf8 = new TextEncoder()
    let end = 0
    for (const [piece, times] of pieces) {
      const bytes = utf8.encode(piece)
      this.#symbols.set(bytes, end)
      for (const stop = end + bytes.length; end < stop; ) {
        const start = end
        end = Math.min(start + LONGEST_WORD, stop)
        this.#words.push({ start, end, times })
      }
    }
    const raised = new Set<Pair>()
    for (const [word, { start, end }] of this.#words.entries()) {
      for (let at = start + 1; at < end; at++) this.#raise(this.#symbols[at - 1], this.#symbols[at], word, raised)
    }
    this.#enqueue(raised)
  }

  mostFrequent(): Candidate | undefined {
    for (let best = this.#queue.pop(); best; best = this.#queue.pop()) {
      const count = this.#pairs.get(pairKey(best.left, best.right))?.count ?? 0
      if (count === best.count) return best
      // The count has changed since it was queued: queue it again as it is now.
      if (count > 0) this.#queue.push({ ...best, count })
    }
  }

  merge({ left, right }: Candidate, id: number): void {
    const key = pairKey(left, right)
    const merged = this.#pairs.get(key)
    if (!merged) return
    const raised = new Set<Pair>()
    for (const word of merged.words) this.#mergeWord(word, left, right, id, raised)
    this.#pairs.delete(key)
    raised.delete(merged)
    this.#enqueue(raised)
  }

  #mergeWord(word: number, left: number, right: number, id: number, raised: Set<Pair>): void {
    const symbols = this.#symbols
    const place = this.#words[word]
    const { start, end, times } = place
    // Overwrites only what has been read.
    let to = start
    for (let at = start; at < end; at++) {
      if (at + 1 === end || symbols[at] !== left || symbols[at + 1] !== right) {
        symbols[to++] = symbols[at]
        continue
      }
      if (to > start) {
        this.#lower(symbols[to - 1], left, times)
        this.#raise(symbols[to - 1], id, word, raised)
      }
      if (at + 2 < end) {
        this.#lower(right, symbols[at + 2], times)
        this.#raise(id, symbols[at + 2], word, raised)
      }
      symbols[to++] = id
      at++
    }
    place.end = to
  }

  #lower(left: number, right: number, times: number): void {
    const key = pairKey(left, right)
    const pair = this.#pairs.get(key)
    if (!pair) return
    pair.count -= times
    // No word has it any more.
    if (pair.count === 0) this.#pairs.delete(key)
  }

  #raise(left: number, right: number, word: number, raised: Set<Pair>): void {
    const key = pairKey(left, right)
    const { times } = this.#words[word]
    let pair = this.#pairs.get(key)
    if (!pair) {
      pair = { left, right, count: times, words: [word] }
      this.#pairs.set(key, pair)
    } else {
      pair.count += times
      if (pair.words.at(-1) !== word) pair.words.push(word)
    }
    raised.add(pair)
  }

  #enqueue(raised: ReadonlySet<Pair>): void {
    for (const { left, right, count } of raised) if (count > 0) this.#queue.push({ left, right, count })
  }
}
