import { describe, expect, it } from 'vitest'
import { admit, emptyLog } from '../../../../subgraphs/training/logs/budget.ts'
import { lineText, type NewLine } from '../../../../subgraphs/training/logs/line.ts'

const at = new Date(0)
const output = (text: string): NewLine => ({ at, attempt: 1, source: 'STDOUT', event: null, step: null, text })
const told = (event: string): NewLine => ({ at, attempt: 1, source: 'FORGE', event, step: 3, text: event })
const texts = (lines: readonly NewLine[]) => lines.map(({ text }) => text)
const budget = { lines: 3, characters: 100 }

describe('the budget of a log', () => {
  it('drops output beyond it, and says how much with the next line of the forge that counts', () => {
    const first = admit(emptyLog, [output('a'), output('b'), output('c'), output('d'), told('validated')], budget)
    expect(texts(first.admitted)).toEqual(['a', 'b', 'c'])
    const second = admit(first.state, [output('e'), told('completed')], budget)
    expect(texts(second.admitted)).toEqual(['the log of this job is full: it lacks 3 lines of output', 'completed'])
    expect(second.state).toMatchObject({ lines: 5, dropped: 0 })
  })

  it('counts characters too', () => {
    const { admitted, state } = admit(emptyLog, [output('x'.repeat(90)), output('y'.repeat(20)), output('z')], budget)
    expect(texts(admitted)).toEqual(['x'.repeat(90), 'z'])
    expect(state).toEqual({ lines: 2, characters: 91, dropped: 1 })
  })
})

describe('the text of a line', () => {
  it('is cut with a word about the rest, and holds nothing that no database takes', () => {
    expect(lineText('x'.repeat(5_000))).toBe(`${'x'.repeat(4_096)} … (904 more characters)`)
    expect(lineText('a\0b')).toBe('a␀b')
    expect(lineText(`${'x'.repeat(4_095)}😀`)).toBe(`${'x'.repeat(4_095)}\ufffd … (1 more character)`)
  })
})
