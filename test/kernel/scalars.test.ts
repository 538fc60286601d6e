import { parseValue } from 'graphql'
import { describe, expect, it } from 'vitest'
import { JSONValue } from '../../kernel/scalars.ts'

describe('a JSON literal', () => {
  it('is the value that it writes', () => {
    expect(JSONValue.parseLiteral(parseValue('{ a: [1, 2.5, "x", null] }'))).toEqual({ a: [1, 2.5, 'x', null] })
  })

  it('has no number that would be stored as null', () => {
    expect(() => JSONValue.parseLiteral(parseValue('{ a: [1e400] }'))).toThrow('1e400 is too large')
  })
})
