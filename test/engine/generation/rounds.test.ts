import { expect, it } from 'vitest'
import type { Executor } from '../../../engine/executors/executor.ts'
import { referenceExecutor } from '../../../engine/executors/reference.ts'
import { cacheNames, cacheShape, freshName } from '../../../engine/generation/decoder-graphs.ts'
import { rounds } from '../../../engine/generation/rounds.ts'
import type { Shape } from '../../../engine/graph/graph.ts'
import { sizeOf } from '../../../engine/graph/shapes.ts'
import { tinyConfig } from '../tiny-decoder.ts'

const executor = referenceExecutor()
const zeros = (shape: Shape) => executor.value(new Float32Array(sizeOf(shape)), shape)

const [heads, , width] = cacheShape(tinyConfig)
/** The keys and values of so many tokens of so many texts. */
const fresh = (texts: number, tokens: number) =>
  Object.fromEntries(cacheNames(tinyConfig).map(name => [freshName(name), zeros([texts, heads, tokens, width])]))

it('copies no caches from run to run, where there are more texts than one run reads', async () => {
  const caches = new Set<unknown>()
  const value: Executor['value'] = (data, shape) => {
    if (shape.length === 4) caches.add(data)
    return executor.value(data, shape)
  }
  await using together = rounds({ ...executor, value }, tinyConfig, async (_program, { positions }) => {
    const texts = positions!.shape[0]!
    return { logits: zeros([texts, tinyConfig.vocabularySize]), ...fresh(texts, 1) }
  })
  const places = Array.from({ length: 20 }, () => together.join(fresh(1, 1)))
  await Promise.all(
    places.map(async joined => {
      let place = joined
      for (let position = 1; position < tinyConfig.contextLength; position++)
        place = (await together.read({ token: 1, position, place })).place
    }),
  )
  // One block of sixteen texts, and one of four.
  expect(caches.size).toBe(2 * cacheNames(tinyConfig).length)
})
