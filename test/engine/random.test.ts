import { describe, expect, it } from 'vitest'
import { restoredRandom, seededRandom } from '../../engine/random.ts'

const draw = (count: number, next: () => number) => Array.from({ length: count }, next)

describe('the seeded generator', () => {
  it('follows xoshiro128** from a state worked out by hand', () => {
    // From the state (1, 2, 3, 4): the first output is rotl(2·5, 7)·9 = 11520; the step makes word 1 zero, so the second is 0.
    const random = restoredRandom([1, 2, 3, 4])
    expect(random.next() * 2 ** 32).toBe(11520)
    expect(random.state()).toEqual([7, 0, 1026, 12288])
    expect(random.next()).toBe(0)
  })

  it('gives equal streams for equal seeds and different ones for neighbours', () => {
    expect(draw(8, seededRandom(42).next)).toEqual(draw(8, seededRandom(42).next))
    expect(draw(8, seededRandom(42).next)).not.toEqual(draw(8, seededRandom(43).next))
    expect(draw(8, seededRandom(1).next)).not.toEqual(draw(8, seededRandom(1 + 2 ** 40).next))
  })

  it('goes on from a state that travelled as JSON', () => {
    const random = seededRandom(7)
    draw(100, random.normal)
    const restored = restoredRandom(JSON.parse(JSON.stringify(random.state())))
    expect(draw(20, restored.normal)).toEqual(draw(20, random.normal))
  })

  it('draws integers evenly', () => {
    const random = seededRandom(3)
    const counts = new Array(7).fill(0)
    for (let index = 0; index < 70_000; index++) counts[random.integer(7)]++
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400)
  })

  it('draws normals with mean 0 and deviation 1', () => {
    const values = draw(100_000, seededRandom(11).normal)
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
    expect(Math.abs(mean)).toBeLessThan(0.015)
    expect(Math.abs(variance - 1)).toBeLessThan(0.02)
  })

  it('shuffles without losing anything', () => {
    const items = Array.from({ length: 50 }, (_, index) => index)
    const shuffled = seededRandom(5).shuffle([...items])
    expect(shuffled).not.toEqual(items)
    expect(shuffled.sort((a, b) => a - b)).toEqual(items)
  })

  it('refuses a seed that is no whole number, naming it', () => {
    expect(() => seededRandom(-1)).toThrow('seed is -1')
    expect(() => seededRandom(0.5)).toThrow('seed is 0.5')
  })
})
