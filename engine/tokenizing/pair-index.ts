import { Heap } from './heap.ts'
import { type Merge, pairKey } from './merges.ts'

// Real words are shorter. A piece of a million letters would be scanned once for every merge.
const LONGEST_WORD = 256

export interface Candidate {
  readonly left: number
  readonly right: number
  readonly count: number
}

/** How often every pair of neighbours occurs, and in which words; kept up to date merge by merge. */
export class PairIndex {
  readonly #words: { symbols: number[]; readonly count: number }[] = []
  readonly #counts = new Map<number, number>()
  readonly #places = new Map<number, number[]>()
  readonly #queue = new Heap<Candidate>(
    (a, b) => a.count > b.count || (a.count === b.count && pairKey(a.left, a.right) < pairKey(b.left, b.right)),
  )

  constructor(pieces: ReadonlyMap<string, number>) {
    const utf8 = new TextEncoder()
    for (const [piece, count] of pieces) {
      const bytes = utf8.encode(piece)
      for (let at = 0; at < bytes.length; at += LONGEST_WORD) {
        this.#words.push({ symbols: Array.from(bytes.subarray(at, at + LONGEST_WORD)), count })
      }
    }
    const raised = new Map<number, Merge>()
    for (const [word, { symbols, count }] of this.#words.entries()) {
      for (let at = 1; at < symbols.length; at++) this.#raise(symbols[at - 1], symbols[at], count, word, raised)
    }
    this.#enqueue(raised)
  }

  mostFrequent(): Candidate | undefined {
    for (let best = this.#queue.pop(); best; best = this.#queue.pop()) {
      const count = this.#counts.get(pairKey(best.left, best.right)) ?? 0
      if (count === best.count) return best
      // The count has changed since it was queued: queue it again as it is now.
      if (count > 0) this.#queue.push({ ...best, count })
    }
  }

  merge({ left, right }: Candidate, id: number): void {
    const key = pairKey(left, right)
    const places = this.#places.get(key) ?? []
    const raised = new Map<number, Merge>()
    for (const word of places) this.#mergeWord(word, left, right, id, raised)
    this.#counts.delete(key)
    this.#places.delete(key)
    raised.delete(key)
    this.#enqueue(raised)
  }

  #mergeWord(word: number, left: number, right: number, id: number, raised: Map<number, Merge>): void {
    const { symbols, count } = this.#words[word]
    const merged: number[] = []
    for (let at = 0; at < symbols.length; at++) {
      if (symbols[at] !== left || symbols[at + 1] !== right || at + 1 === symbols.length) {
        merged.push(symbols[at])
        continue
      }
      const before = merged.at(-1)
      if (before !== undefined) {
        this.#lower(before, left, count)
        this.#raise(before, id, count, word, raised)
      }
      const after = symbols[at + 2]
      if (after !== undefined) {
        this.#lower(right, after, count)
        this.#raise(id, after, count, word, raised)
      }
      merged.push(id)
      at++
    }
    this.#words[word].symbols = merged
  }

  #lower(left: number, right: number, count: number): void {
    const key = pairKey(left, right)
    this.#counts.set(key, (this.#counts.get(key) ?? 0) - count)
  }

  #raise(left: number, right: number, count: number, word: number, raised: Map<number, Merge>): void {
    const key = pairKey(left, right)
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + count)
    raised.set(key, [left, right])
    const places = this.#places.get(key)
    if (!places) this.#places.set(key, [word])
    else if (places.at(-1) !== word) places.push(word)
  }

  #enqueue(raised: ReadonlyMap<number, Merge>): void {
    for (const [key, [left, right]] of raised) {
      const count = this.#counts.get(key) ?? 0
      if (count > 0) this.#queue.push({ left, right, count })
    }
  }
}
