import { describe, expect, it } from 'vitest'
import { unfitVariable } from '../../gateway/limits/variable-limits.ts'

const nested = (levels: number) => JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`)

describe('variables', () => {
  it('pass as they are', () => {
    expect(unfitVariable({ input: { config: nested(20), list: [1, null, 'x'] } })).toBeUndefined()
  })

  it.each([100, 100_000])('are refused when they are nested %i levels deep', levels => {
    expect(unfitVariable({ input: { config: nested(levels) } })?.message).toContain('"$input" is nested deeper')
  })

  it('are refused with a number that JSON cannot pass on', () => {
    expect(unfitVariable(JSON.parse('{ "input": { "config": { "steps": 1e400 } } }'))?.message).toContain('Infinity')
  })
})
