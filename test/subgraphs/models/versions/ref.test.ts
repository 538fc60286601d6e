import { describe, expect, it } from 'vitest'
import { parseRef } from '../../../../subgraphs/models/versions/ref.ts'

describe('a reference to a version', () => {
  it.each([
    ['moby/3', { name: 'moby', number: 3 }],
    ['moby@production', { name: 'moby', alias: 'production' }],
    ['moby@latest', { name: 'moby', newest: true }],
    ['moby', { name: 'moby', newest: true }],
    ['a.b_c-1/12', { name: 'a.b_c-1', number: 12 }],
  ])('reads %s', (text, ref) => expect(parseRef(text)).toEqual(ref))

  it.each([
    '',
    'Moby/1',
    'moby/0',
    'moby/-1',
    'moby/1.5',
    'moby/one',
    'moby/',
    'moby@',
    'a/b/1',
    'moby/1@x',
    'moby /1',
    'moby/9999999999',
  ])('refuses "%s" and says how to write one', text => expect(() => parseRef(text)).toThrow(/name\/3/))
})
