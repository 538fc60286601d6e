import { describe, expect, it } from 'vitest'
import { brokenEvents, type EventContracts } from '../../forge/event-contracts.ts'

const contract = (properties: Record<string, object>, required: string[], version = 1): EventContracts => ({
  'thing.made': { version, retentionMs: 1000, data: { type: 'object', properties, required } as never },
})
const before = contract({ id: { type: 'string' }, size: { type: 'number' } }, ['id'])

describe('the contract of an event', () => {
  it('may gain an optional field', () => {
    const now = contract({ id: { type: 'string' }, size: { type: 'number' }, color: { type: 'string' } }, ['id'])
    expect(brokenEvents(before, now)).toEqual([])
  })

  it.each([
    ['loses a field', contract({ id: { type: 'string' } }, ['id']), 'data.size'],
    ['changes a type', contract({ id: { type: 'string' }, size: { type: 'string' } }, ['id']), 'data.size'],
    [
      'requires what old events lack',
      contract({ id: { type: 'string' }, size: { type: 'number' } }, ['id', 'size']),
      'data.size',
    ],
    ['no longer promises a field', contract({ id: { type: 'string' }, size: { type: 'number' } }, []), 'data.id'],
  ])('is broken when it %s', (_what, now, field) => {
    expect(brokenEvents(before, now)).toEqual([
      `The event thing.made breaks ${field}: keep it, or raise the topic's version above 1.`,
    ])
  })

  it('may change with a higher version', () => {
    expect(brokenEvents(before, contract({}, [], 2))).toEqual([])
  })

  it('may not lose a topic whose events the log still holds', () => {
    expect(brokenEvents(before, {})).toHaveLength(1)
  })
})
