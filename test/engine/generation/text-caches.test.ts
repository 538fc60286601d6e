import { expect, it } from 'vitest'
import { referenceExecutor } from '../../../engine/executors/reference.ts'
import { cacheNames, cacheShape, freshName } from '../../../engine/generation/decoder-graphs.ts'
import { textCaches } from '../../../engine/generation/text-caches.ts'
import { tinyConfig } from '../tiny-decoder.ts'

const [heads, context, width] = cacheShape(tinyConfig)

/** What a run gives of so many tokens of each text, all keys and values one number. */
function outputs(texts: number, tokens: number, number: number) {
  const value = () =>
    referenceExecutor().value(new Float32Array(texts * heads * tokens * width).fill(number), [
      texts,
      heads,
      tokens,
      width,
    ])
  return Object.fromEntries(cacheNames(tinyConfig).map(name => [freshName(name), value()]))
}

it('keeps what a text has read when it is brought together with another, and when it reads on', () => {
  const caches = textCaches(tinyConfig)
  const prompts = [caches.ofPrompt(outputs(1, 3, 1)), caches.ofPrompt(outputs(1, 2, 2))]
  const places = caches.together(prompts, 2)
  expect(places.map(({ row }) => row)).toEqual([0, 1])
  caches.keep(places[1]!, 2, outputs(2, 1, 3))
  expect(caches.together(places, 2)).toBe(places)

  const slots = (row: number) =>
    Object.values(places[0]!.block.arrays).flatMap(array =>
      Array.from({ length: heads }, (_, head) => [
        ...array.subarray((row * heads + head) * context * width, ((row * heads + head) * context + 4) * width),
      ]),
    )
  const filled = (...numbers: number[]) => numbers.flatMap(number => Array<number>(width).fill(number))
  for (const found of slots(0)) expect(found).toEqual(filled(1, 1, 1, 0))
  for (const found of slots(1)) expect(found).toEqual(filled(2, 2, 3, 0))
})

it('keeps what a prompt gave when later runs write to the arrays of its outputs', () => {
  const array = new Float32Array(heads * 2 * width).fill(1)
  const value = { ...referenceExecutor().value(array, [1, heads, 2, width]), data: () => array }
  const { block } = textCaches(tinyConfig).ofPrompt(
    Object.fromEntries(cacheNames(tinyConfig).map(name => [freshName(name), value])),
  )
  array.fill(2)
  for (const kept of Object.values(block.arrays)) expect(new Set(kept)).toEqual(new Set([1]))
})

it('lets a text take over the memory of one that has ended, and never of one that goes on', () => {
  const caches = textCaches(tinyConfig)
  const begin = () => caches.together([caches.ofPrompt(outputs(1, 2, 1))], 1)[0]!
  const first = begin()
  caches.release(first)
  const second = begin()
  expect(second.block).toBe(first.block)
  // As a text does that failed after its place had been given up for it.
  caches.release(first)
  expect(begin().block).not.toBe(second.block)
})
