import { describe, expect, it } from 'vitest'
import { type Candidate, patienceMs, startable, suits } from '../../../../subgraphs/training/scheduling/turn.ts'

const gigabyte = 1e9
const room = { slots: 2, memoryBytes: 4 * gigabyte }
const waiting = (id: string, change: Partial<Candidate> = {}): Candidate => ({
  id,
  slots: 1,
  memoryBytes: gigabyte,
  waitedMs: 0,
  ...change,
})
const idsOf = (line: readonly Candidate[]) => startable(line, room).map(({ id }) => id)

describe('the line', () => {
  it('lets those begin that fit, in its order', () => {
    const line = [waiting('a'), waiting('wide', { slots: 3 }), waiting('b'), waiting('big', { memoryBytes: 5e9 })]
    expect(idsOf(line)).toEqual(['a', 'b'])
    expect(startable(line, { slots: 0, memoryBytes: 0 })).toEqual([])
  })

  it('is no longer passed once somebody has waited long for room, so that a big job is not starved by small ones', () => {
    const big = waiting('big', { memoryBytes: 5e9, waitedMs: patienceMs + 1 })
    expect(idsOf([waiting('a'), big, waiting('b')])).toEqual(['a'])
    expect(idsOf([{ ...big, waitedMs: patienceMs }, waiting('b')])).toEqual(['b'])
  })
})

describe('a machine', () => {
  const machine = { labels: ['gpu', 'zone=eu'], total: room }
  const needs = { requirements: [] as string[], slots: 1, memoryBytes: gigabyte }

  it('suits a job that it could run once it is free', () => {
    expect(suits(needs, machine)).toBe(true)
    expect(suits({ ...needs, requirements: ['zone=eu', 'gpu'], slots: 2 }, machine)).toBe(true)
    expect(suits({ ...needs, requirements: ['gpu', 'zone=us'] }, machine)).toBe(false)
    expect(suits({ ...needs, slots: 3 }, machine)).toBe(false)
    expect(suits({ ...needs, memoryBytes: 5e9 }, machine)).toBe(false)
  })
})
