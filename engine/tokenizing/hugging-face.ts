import { z } from 'zod'
import { EngineError } from '../errors.ts'
import { fromSymbols, toSymbols } from './byte-symbols.ts'
import type { Merge } from './merges.ts'
import { LLAMA3_PATTERN } from './pre-tokens.ts'
import { createTokenizer, END_OF_TEXT, type Tokenizer } from './tokenizer.ts'

const preTokenizer = {
  type: 'Sequence',
  pretokenizers: [
    { type: 'Split', pattern: { Regex: LLAMA3_PATTERN }, behavior: 'Isolated', invert: false },
    { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
  ],
}

/**
 * The contents of `tokenizer.json`, with which Hugging Face's tokenizers give the same ids. (They also read the name of
 * a special token in a text as that token.)
 */
export function toHuggingFace({ vocabulary, merges, specialTokens }: Tokenizer) {
  const special = new Set(specialTokens.values())
  const name = (id: number): string => toSymbols(vocabulary[id])
  const vocab: [string, number][] = []
  for (const [id, bytes] of vocabulary.entries()) if (!special.has(id)) vocab.push([toSymbols(bytes), id])
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: Array.from(specialTokens, ([content, id]) => ({ id, ...addedToken(content) })),
    normalizer: null,
    pre_tokenizer: preTokenizer,
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(vocab),
      // As "left right", which every version reads; pairs came with tokenizers 0.20.
      merges: merges.map(([left, right]) => `${name(left)} ${name(right)}`),
    },
  }
}

/** The contents of `tokenizer_config.json`. `contextLength` in tokens. */
export function toHuggingFaceConfig({ specialTokens }: Tokenizer, contextLength: number) {
  const end = specialTokens.has(END_OF_TEXT) ? END_OF_TEXT : null
  return {
    tokenizer_class: 'PreTrainedTokenizerFast',
    added_tokens_decoder: Object.fromEntries(Array.from(specialTokens, ([name, id]) => [id, addedToken(name)])),
    bos_token: end,
    eos_token: end,
    pad_token: end,
    unk_token: null,
    clean_up_tokenization_spaces: false,
    model_max_length: contextLength,
  }
}

const added = z.object({ id: z.int().min(0), content: z.string().min(1) })
const merge = z
  .union([z.string().transform(text => text.split(' ')), z.array(z.string())])
  .pipe(z.tuple([z.string(), z.string()]))
const file = z.object({
  added_tokens: z.array(added).default([]),
  normalizer: z.null().optional(),
  pre_tokenizer: z.object({ pretokenizers: z.array(z.looseObject({ type: z.string() })) }),
  model: z.object({ type: z.literal('BPE'), vocab: z.record(z.string(), z.int().min(0)), merges: z.array(merge) }),
})

/** Reads a `tokenizer.json` of this kind. Throws INVALID_INPUT on any other, rather than encode differently. */
export function fromHuggingFace(json: unknown): Tokenizer {
  const parsed = file.safeParse(json)
  if (!parsed.success) throw invalid(z.prettifyError(parsed.error))
  const { added_tokens, pre_tokenizer, model } = parsed.data
  const [split] = pre_tokenizer.pretokenizers
  if (JSON.stringify(split?.pattern) !== JSON.stringify({ Regex: LLAMA3_PATTERN })) {
    throw invalid(
      `its pre-tokenizer splits by ${JSON.stringify(split?.pattern)}, and only Llama 3's pattern is supported`,
    )
  }

  const specialTokens = new Map(added_tokens.map(({ content, id }) => [content, id]))
  const vocabulary = vocabularyOf(Object.entries(model.vocab), specialTokens)
  const idOf = (symbols: string): number => {
    if (!Object.hasOwn(model.vocab, symbols)) throw invalid(`a merge names "${symbols}", which its vocabulary lacks`)
    return model.vocab[symbols]
  }
  const merges: Merge[] = model.merges.map(([left, right]) => [idOf(left), idOf(right)])
  return createTokenizer({ vocabulary, merges, specialTokens })
}

function vocabularyOf(ordinary: [string, number][], specialTokens: ReadonlyMap<string, number>): Uint8Array[] {
  const utf8 = new TextEncoder()
  const bytes = new Map<number, Uint8Array>()
  for (const [symbols, id] of ordinary) {
    if (specialTokens.get(symbols) === id) continue
    const token = fromSymbols(symbols)
    if (!token) throw invalid(`token ${id} "${symbols}" is not written in byte symbols`)
    bytes.set(id, token)
  }
  for (const [name, id] of specialTokens) bytes.set(id, utf8.encode(name))

  const size = new Set([...ordinary.map(([, id]) => id), ...specialTokens.values()]).size
  return Array.from({ length: size }, (_, id) => {
    const token = bytes.get(id)
    if (!token) throw invalid(`${size} tokens have ids, but none has id ${id}: ids must run from 0 without a gap`)
    return token
  })
}

function addedToken(content: string) {
  return { content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }
}

function invalid(reason: string): EngineError {
  return new EngineError('INVALID_INPUT', `tokenizer.json cannot be used: ${reason}`)
}
