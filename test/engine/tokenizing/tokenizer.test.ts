import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type PreTokenizer, preTokenizers, preTokens } from '../../../engine/tokenizing/pre-tokens.ts'
import { segments } from '../../../engine/tokenizing/segments.ts'
import { createStreamDecoder } from '../../../engine/tokenizing/stream-decoder.ts'
import { trainTokenizer } from '../../../engine/tokenizing/training.ts'
import { sample } from './sample.ts'

const tokenizer = trainTokenizer(sample, { vocabularySize: 340, specialTokens: ['<|endoftext|>'] })
const unicode = fc.string({ unit: 'binary' })

describe('the tokenizer', () => {
  it('gives every string back exactly', () => {
    fc.assert(
      fc.property(unicode, text => {
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(text)
      }),
    )
  })

  it('gives every byte string back exactly', () => {
    fc.assert(
      fc.property(fc.uint8Array(), bytes => {
        expect(Array.from(tokenizer.decodeBytes(tokenizer.encodeBytes(bytes)))).toEqual(Array.from(bytes))
      }),
    )
  })

  it('gives the same tokens whatever it has encoded before', () => {
    const before = tokenizer.encode(sample)
    // More words than it remembers, and longer ones than it has room for.
    for (const [count, length] of [
      [140_000, 1],
      [20_000, 55],
    ] as const) {
      const text = Array.from({ length: count }, (_, n) => ` ${n}${'q'.repeat(length)}`).join('')
      expect(tokenizer.decode(tokenizer.encode(text)) === text).toBe(true)
    }
    expect(tokenizer.encode(sample)).toEqual(before)
  })

  it('gives text with broken bytes in it back exactly', () => {
    const mixed = fc.array(
      fc.oneof(
        unicode.map(text => Buffer.from(text)),
        fc.uint8Array({ maxLength: 3 }),
      ),
    )
    fc.assert(
      fc.property(mixed, parts => {
        const bytes = Buffer.concat(parts)
        expect(Buffer.from(tokenizer.decodeBytes(tokenizer.encodeBytes(bytes))).equals(bytes)).toBe(true)
      }),
    )
  })

  it('encodes the bytes of a text as the text', () => {
    fc.assert(
      fc.property(unicode, text => {
        expect(tokenizer.encodeBytes(Buffer.from(text))).toEqual(tokenizer.encode(text))
      }),
    )
  })

  it('cuts before words where every pre-tokenizer cuts', () => {
    const text = fc.string({ unit: fc.constantFrom(..."ab  .'s1\n\tÉé½\u00a0") })
    fc.assert(
      fc.property(text, text => {
        for (const name of Object.keys(preTokenizers) as PreTokenizer[]) {
          expect([...segments(text)].flatMap(segment => preTokens(segment, name))).toEqual(preTokens(text, name))
        }
      }),
      { numRuns: 1_000 },
    )
  })

  it.each([
    ['nothing', ''],
    ['NUL', 'a\0b\0\0'],
    ['a family of emoji', 'the 👩‍👩‍👧‍👦 and 👍🏽!'],
    ['CRLF and CR', 'one\r\ntwo\rthree\r\n\r\n'],
    ['a byte order mark', '\ufefftext\ufeff'],
    ['the name of a special token', 'a <|endoftext|> b'],
    ['a megabyte of spaces', ' '.repeat(2 ** 20)],
    ['a long word', 'a'.repeat(100_000)],
  ])('gives %s back exactly', (_, text) => {
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text)
  })

  it('reads the name of a special token in a text as text, so that data cannot end a document', () => {
    const end = tokenizer.specialTokens.get('<|endoftext|>')!
    expect(tokenizer.encode('a <|endoftext|> b')).not.toContain(end)
    expect(tokenizer.decode([end])).toBe('<|endoftext|>')
  })

  it('replaces a lone surrogate, which no UTF-8 can hold', () => {
    expect(tokenizer.decode(tokenizer.encode('a\ud800b'))).toBe('a\ufffdb')
  })

  it('names an id that is not in its vocabulary', () => {
    expect(() => tokenizer.decode([tokenizer.vocabularySize])).toThrow(/token 340 .* 0 to 339/)
    expect(() => tokenizer.decode([-1])).toThrow(/token -1 /)
  })
})

describe('the stream decoder', () => {
  it('says the same as decoding at once, and never half a character', () => {
    fc.assert(
      fc.property(unicode, text => {
        const decoder = createStreamDecoder(tokenizer)
        const parts = Array.from(tokenizer.encode(text), id => decoder.push(id))
        expect(parts.join('') + decoder.end()).toBe(text)
        expect(text.includes('\ufffd') || !parts.join('').includes('\ufffd')).toBe(true)
      }),
    )
  })

  it('gives U+FFFD for a character that was never completed', () => {
    const decoder = createStreamDecoder(tokenizer)
    const [first] = tokenizer.encodeBytes(Uint8Array.of(0xf0))
    expect(decoder.push(first)).toBe('')
    expect(decoder.end()).toBe('\ufffd')
  })
})
