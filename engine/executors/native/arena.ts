import type { Buffer } from './views.ts'

/** From the first to the last unit that needs a buffer. */
export interface Lifetime {
  readonly buffer: Buffer
  readonly first: number
  readonly last: number
}

/** Numbers in a cache line: where a buffer begins is a multiple. */
const LINE = 16

/**
 * Where buffers stand in one block of memory: each at the lowest place that is free for as long as it lives, so that what
 * follows each other shares the memory that is in the caches.
 */
export function layOut(lifetimes: readonly Lifetime[]): {
  readonly offsets: ReadonlyMap<Buffer, number>
  readonly length: number
} {
  const offsets = new Map<Buffer, number>()
  let placed: (Lifetime & { readonly start: number; readonly end: number })[] = []
  let length = 0
  for (const lifetime of [...lifetimes].sort((a, b) => a.first - b.first)) {
    placed = placed.filter(({ last }) => last >= lifetime.first)
    const size = Math.ceil(lifetime.buffer.length / LINE) * LINE
    let start = 0
    for (const other of placed.toSorted((a, b) => a.start - b.start)) {
      if (start + size <= other.start) break
      start = Math.max(start, other.end)
    }
    placed.push({ ...lifetime, start, end: start + size })
    offsets.set(lifetime.buffer, start)
    length = Math.max(length, start + size)
  }
  return { offsets, length }
}
