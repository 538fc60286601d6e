import { describe, expect, it } from 'vitest'
import { type Lifetime, layOut } from '../../../../engine/executors/native/arena.ts'
import { seeded } from '../../graph/cases.ts'

const lifetime = (id: number, length: number, first: number, last: number): Lifetime => ({
  buffer: { id, kind: 'scratch', index: 0, length },
  first,
  last,
})

describe('the arena', () => {
  it('keeps buffers that live at the same time apart, each at the beginning of a cache line', () => {
    const random = seeded(2)
    const below = (count: number) => Math.floor(random() * count)
    for (let draw = 0; draw < 200; draw++) {
      const lifetimes = Array.from({ length: 1 + below(40) }, (_, id) => {
        const first = below(30)
        return lifetime(id, 1 + below(100), first, first + below(10))
      })
      const { offsets, length } = layOut(lifetimes)
      for (const one of lifetimes) {
        const start = offsets.get(one.buffer)!
        expect(start % 16).toBe(0)
        expect(start).toBeGreaterThanOrEqual(0)
        expect(start + one.buffer.length).toBeLessThanOrEqual(length)
        for (const other of lifetimes) {
          if (other === one || other.first > one.last || other.last < one.first) continue
          const its = offsets.get(other.buffer)!
          expect(its + other.buffer.length <= start || start + one.buffer.length <= its).toBe(true)
        }
      }
    }
  })

  it('has what follows each other share its memory', () => {
    // A value that each operation reads and the next one makes: never more than two at once.
    const chain = Array.from({ length: 10 }, (_, id) => lifetime(id, 64, id, id + 1))
    expect(layOut(chain).length).toBe(128)
    expect(layOut([]).length).toBe(0)
  })
})
