import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../../engine/random.ts'
import { keptLayers, sourceOf } from '../../../../subgraphs/training/evomerge/layers.ts'
import { frontOf, type Judged } from '../../../../subgraphs/training/evomerge/objectives.ts'

const judged = (loss: number, sizeBytes: number, latencyMs = 1): Judged => ({ loss, sizeBytes, latencyMs })

describe('the front of some merges', () => {
  it('has those that none dominates in what is asked for, the lowest loss first', () => {
    const all = [judged(3, 10), judged(2, 20), judged(4, 10), judged(2.5, 30), judged(2.2, 15)]
    expect(frontOf(all, ['LOSS', 'SIZE'])).toEqual([judged(2, 20), judged(2.2, 15), judged(3, 10)])
    expect(frontOf(all, ['LOSS'])).toEqual([judged(2, 20)])
    expect(frontOf([], ['LOSS', 'SIZE'])).toEqual([])
  })

  it('looks at latency where that is asked for, and at nothing else', () => {
    const [quick, small] = [judged(3, 20, 1), judged(3, 10, 2)]
    expect(frontOf([quick, small], ['LOSS', 'LATENCY'])).toEqual([quick])
    expect(frontOf([quick, small], ['LOSS', 'SIZE'])).toEqual([small])
    expect(frontOf([quick, small], ['LOSS', 'SIZE', 'LATENCY'])).toEqual([quick, small])
  })

  it('has one of those that are equal, the first', () => {
    const [first, second] = [
      { ...judged(1, 1), name: 'first' },
      { ...judged(1, 1), name: 'second' },
    ]
    expect(frontOf([first, second], ['LOSS', 'SIZE'])).toEqual([first])
  })

  it('loses nothing when more is added but to what is nowhere worse', () => {
    const random = seededRandom(4)
    let front: readonly Judged[] = []
    for (let round = 0; round < 50; round++) {
      const more = Array.from({ length: 8 }, () => judged(random.next(), random.integer(6), random.integer(4)))
      const next = frontOf([...front, ...more], ['LOSS', 'SIZE', 'LATENCY'])
      for (const before of front) {
        const heir = next.find(
          now => now.loss <= before.loss && now.sizeBytes <= before.sizeBytes && now.latencyMs <= before.latencyMs,
        )
        expect(heir).toBeDefined()
      }
      front = next
    }
    expect(front.length).toBeGreaterThan(1)
  })
})

describe('the layers that a merge passes through', () => {
  it('are those from a half on, and one at least', () => {
    expect(keptLayers([1, 0.5, 0.49, 0.7])).toEqual([0, 1, 3])
    expect(keptLayers([0.1, 0.3, 0.2])).toEqual([1])
  })

  it('take their tensors from the parents’ layers, in their order', () => {
    expect(sourceOf('model.layers.1.mlp.up_proj.weight', [0, 3])).toBe('model.layers.3.mlp.up_proj.weight')
    expect(sourceOf('model.embed_tokens.weight', [0, 3])).toBe('model.embed_tokens.weight')
  })
})
