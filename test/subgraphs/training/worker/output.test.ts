import { describe, expect, it } from 'vitest'
import { outputInbox } from '../../../../subgraphs/training/worker/output.ts'

function inbox() {
  const output = outputInbox(
    () => new Date(0),
    () => {},
  )
  const reader = output.reader('STDOUT', () => {})
  const push = (text: string) => reader.push(Buffer.from(text))
  return { output, reader, push, texts: () => output.take().map(({ text }) => text) }
}

describe('what a process prints', () => {
  it('is cut at line ends of any kind, wherever the pieces end', () => {
    const { reader, push, texts } = inbox()
    for (const piece of ['on', 'e\ntwo\r', '\nthree\rfour\n\n', 'fi']) push(piece)
    expect(texts()).toEqual(['one', 'two', 'three', 'four', ''])
    reader.end()
    expect(texts()).toEqual(['fi'])
  })

  it('is read as UTF-8 when a character comes in two pieces', () => {
    const { reader, texts } = inbox()
    const bytes = Buffer.from('größer\n')
    for (const byte of bytes) reader.push(Buffer.of(byte))
    expect(texts()).toEqual(['größer'])
  })

  it('keeps 4,096 characters of a line without an end', () => {
    const { reader, push, texts } = inbox()
    for (let piece = 0; piece < 100; piece++) push('x'.repeat(1_000))
    reader.end()
    expect(texts()).toEqual([`${'x'.repeat(4_096)} … (95904 more characters)`])
  })

  it('is dropped and counted where it comes faster than it is taken', () => {
    const { push, texts } = inbox()
    push('line\n'.repeat(2_010))
    const taken = texts()
    expect(taken).toHaveLength(2_001)
    expect(taken.at(-1)).toBe('missing here: 10 lines of output, which came faster than could be stored')
    push('again\n')
    expect(texts()).toEqual(['again'])
  })
})
