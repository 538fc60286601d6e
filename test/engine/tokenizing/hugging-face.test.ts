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

  const pieceWise = {
    GPT2: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true },
    SMOLLM: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Digits', individual_digits: true },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      ],
    },
    QWEN2: JSON.parse(JSON.stringify(file.pre_tokenizer).replace('{1,3}', '')),
  }

  it.each(Object.entries(pieceWise))('give the same tokens with the pre-tokenizer of %s', (name, pre_tokenizer) => {
    for (const ignore_merges of [false, true]) {
      // A token that no merge makes: only what ignores merges finds it.
      const { '<|endoftext|>': _, ...vocab } = file.model.vocab
      const model = { ...file.model, ignore_merges, vocab: { ...vocab, ĠIshmael: 340 } }
      const other = { ...file, pre_tokenizer, model }
      const ours = fromHuggingFace(other)
      expect(ours.preTokenizer).toBe(name)
      const reference = new HuggingFaceTokenizer(other, toHuggingFaceConfig(tokenizer, 128))
      for (const text of [sample, "Call me Ishmael in 1851, it's 12345  \n\n x=-1!", '1½٣ 22 a1b2', ' \t\n  ']) {
        expect([...ours.encode(text)]).toEqual(reference.encode(text, { add_special_tokens: false }).ids)
        expect(ours.decode(ours.encode(text))).toBe(text)
      }
      expect(fromHuggingFace(JSON.parse(JSON.stringify(toHuggingFace(ours)))).encode(sample)).toEqual(
        ours.encode(sample),
      )
    }
  })

  it.each([
    ['a prefix before each text', { pre_tokenizer: { type: 'ByteLevel', add_prefix_space: true } }, /GPT-2/],
    ['bytes only as a fallback', { model: { ...file.model, byte_fallback: true } }, /byte_fallback/],
    ['marks at the end of words', { model: { ...file.model, end_of_word_suffix: '</w>' } }, /end_of_word_suffix/],
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
