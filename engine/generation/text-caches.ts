import type { Executor, Value } from '../executors/executor.ts'
import { sizeOf } from '../graph/shapes.ts'
import type { LlamaConfig } from '../models/llama-config.ts'
import { cacheNames, cacheShape } from './decoder-graphs.ts'

/** Keys and values of texts that were read together, as a run gave them: arrays [texts, heads, context, width] by name. */
export interface Block {
  readonly texts: number
  readonly values: Readonly<Record<string, Value>>
  /** Readings that need it yet; the last one frees the values. */
  holders: number
}

/** Where a text's cache is. */
export interface Place {
  readonly block: Block
  readonly row: number
}

export function release({ block }: Place): void {
  block.holders -= 1
  if (block.holders === 0) free(block)
}

export function free({ values }: Pick<Block, 'values'>): void {
  for (const value of Object.values(values)) value[Symbol.dispose]()
}

/** Each place's row in one block of so many texts: theirs already, or a copy. Rows that are nobody's hold anything. */
export function gathered(executor: Executor, config: LlamaConfig, places: readonly Place[], texts: number) {
  const [{ block }] = places as [Place]
  if (block.texts === texts && places.every(place => place.block === block)) {
    return { rows: places.map(({ row }) => row), values: block.values, isCopy: false }
  }
  const size = sizeOf(cacheShape(config))
  const copies = cacheNames(config).map(name => {
    const data = new Float32Array(texts * size)
    for (const [to, { block, row }] of places.entries()) {
      const from = block.values[name]!.data() as Float32Array
      data.set(from.subarray(row * size, (row + 1) * size), to * size)
    }
    return [name, executor.value(data, [texts, ...cacheShape(config)])] as const
  })
  return { rows: places.map((_, row) => row), values: Object.fromEntries(copies), isCopy: true }
}
