import type { Value } from '../executors/executor.ts'
import { sizeOf } from '../graph/shapes.ts'
import type { LlamaConfig } from '../models/llama-config.ts'
import { cacheNames, cacheShape, freshName } from './decoder-graphs.ts'

/** Keys and values of texts that are read together: arrays [texts, heads, slots, width] by name. */
export interface Block {
  readonly texts: number
  /** Tokens of a text that there is room for. */
  readonly slots: number
  readonly arrays: Readonly<Record<string, Float32Array>>
}

/** Where a text's cache is. */
export interface Place {
  readonly block: Block
  readonly row: number
}

/** The caches of a decoder's texts. */
export interface TextCaches {
  /** That of a text whose prompt a run has read, from the run's outputs [1, heads, tokens, width]. */
  ofPrompt(outputs: Readonly<Record<string, Value>>): Place
  /** The texts in one block of so many, with room for a whole context: theirs already, or a copy that takes over. */
  together(places: readonly Place[], texts: number): readonly Place[]
  /** Writes a token's keys and values, of outputs [texts, heads, 1, width], into its text's cache. */
  keep(place: Place, position: number, outputs: Readonly<Record<string, Value>>): void
  /** The text has ended. */
  release(place: Place): void
}

export function textCaches(config: LlamaConfig): TextCaches {
  const [heads, context, width] = cacheShape(config)
  const names = cacheNames(config)
  // New memory costs about as much as to read a token: a text after the other takes over what the one before had.
  let spare: Block | undefined

  function newBlock(texts: number): Block {
    const taken = texts === 1 && spare
    if (taken) {
      spare = undefined
      return taken
    }
    const size = texts * sizeOf(cacheShape(config))
    return { texts, slots: context, arrays: Object.fromEntries(names.map(name => [name, new Float32Array(size)])) }
  }

  function copy(from: Place, to: Place): void {
    const { slots } = from.block
    for (const name of names) {
      const [source, target] = [from.block.arrays[name]!, to.block.arrays[name]!]
      for (let head = 0; head < heads; head++) {
        const start = (from.row * heads + head) * slots * width
        target.set(source.subarray(start, start + slots * width), (to.row * heads + head) * context * width)
      }
    }
  }

  // A text whose reading failed gives up a place that another may have taken over meanwhile.
  const released = new WeakSet<Place>()
  function release(place: Place): void {
    const { block } = place
    if (block.texts === 1 && block.slots === context && !released.has(place)) spare = block
    released.add(place)
  }

  return {
    ofPrompt(outputs) {
      // A copy: the outputs are disposed, and `keep` writes into it.
      const arrays = names.map(name => [name, (outputs[freshName(name)]!.data() as Float32Array).slice()] as const)
      const [, , slots] = outputs[freshName(names[0]!)]!.shape
      return { block: { texts: 1, slots: slots!, arrays: Object.fromEntries(arrays) }, row: 0 }
    },
    together(places, texts) {
      const [{ block }] = places as [Place]
      if (block.texts === texts && block.slots === context && places.every(place => place.block === block))
        return places
      const taken = newBlock(texts)
      return places.map((from, row) => {
        const to = { block: taken, row }
        copy(from, to)
        release(from)
        return to
      })
    },
    keep({ block, row }, position, outputs) {
      for (const name of names) {
        const fresh = outputs[freshName(name)]!.data() as Float32Array
        for (let head = row * heads; head < (row + 1) * heads; head++)
          block.arrays[name]!.set(fresh.subarray(head * width, (head + 1) * width), (head * context + position) * width)
      }
    },
    release,
  }
}
