import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHuggingFace, toHuggingFace, toHuggingFaceConfig } from '../../../engine/tokenizing/hugging-face.ts'
import { trainTokenizer } from '../../../engine/tokenizing/training.ts'
import { sample } from './sample.ts'

const tokenizer = trainTokenizer(sample, { vocabularySize: 340, specialTokens: ['<|endoftext|>'] })
const file = JSON.parse(JSON.stringify(toHuggingFace(tokenizer)))
const theirs = new HuggingFaceTokenizer(file, toHuggingFaceConfig(tokenizer, 128))

describe('the Hugging Face tokenizer files', () => {
  it.each([
    sample,
    "I'd we'll DON'T, don't  two   spaces \n\n lines\r\n\ttab 12345 ½Ⅷ٣ größe 世界👩‍👩‍👧 \0 NUL",
    ' '.repeat(50),
    '\u0085next\u00a0no\u3000wide',
  ])('give the same tokens in Hugging Face tokenizers: %j', text => {
    expect(theirs.encode(text, { add_special_tokens: false }).ids).toEqual(Array.from(tokenizer.encode(text)))
  })

  it('give the same tokens for any text', () => {
    const space = fc.constantFrom(..." \n\r\t'.,sStTdD0½\u0085\u00a0\u2028é世\u0301")
    const text = fc.string({
      unit: fc.oneof(space, fc.constantFrom(...'etaoin '), fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 })),
    })
    fc.assert(
      fc.property(text, text => {
        expect(theirs.encode(text, { add_special_tokens: false }).ids).toEqual(Array.from(tokenizer.encode(text)))
      }),
      { numRuns: 500 },
    )
  })

  it('read the special token by name, as Hugging Face does', () => {
    expect(theirs.encode('<|endoftext|>', { add_special_tokens: false }).ids).toEqual([339])
    expect(theirs.decode(Array.from(tokenizer.encode('Some années')))).toBe('Some années')
  })

  it('read back as the same tokenizer', () => {
    const back = fromHuggingFace(file)
    expect(back.merges).toEqual(tokenizer.merges)
    expect(back.vocabulary.map(bytes => [...bytes])).toEqual(tokenizer.vocabulary.map(bytes => [...bytes]))
    expect(back.specialTokens).toEqual(tokenizer.specialTokens)
    expect(back.encode(sample)).toEqual(tokenizer.encode(sample))
  })

  it('read merges written as pairs, as newer versions write them', () => {
    const merges = file.model.merges.map((merge: string) => merge.split(' '))
    expect(fromHuggingFace({ ...file, model: { ...file.model, merges } }).merges).toEqual(tokenizer.merges)
  })

  it.each([
    ['another model', { model: { ...file.model, type: 'Unigram' } }, /BPE/],
    [
      'another pre-tokenizer',
      { pre_tokenizer: { pretokenizers: [{ type: 'Split', pattern: { Regex: '\\w+' } }] } },
      /Llama 3/,
    ],
    ['a normalizer', { normalizer: { type: 'Lowercase' } }, /normalizer/],
    ['a merge of unknown tokens', { model: { ...file.model, merges: ['constructor x'] } }, /"constructor"/],
    ['a gap in the ids', { added_tokens: [{ id: 500, content: '<|endoftext|>' }] }, /none has id 339/],
    ['a missing byte', { model: { ...file.model, vocab: { ...file.model.vocab, Ā: 700 } } }, /none has id 0/],
  ])('are refused with %s', (_, change, message) => {
    expect(() => fromHuggingFace({ ...file, ...change })).toThrow(message)
  })
})
