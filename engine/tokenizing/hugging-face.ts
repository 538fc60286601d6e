import { z } from 'zod'
import { EngineError } from '../errors.ts'
import { fromSymbols, toSymbols } from './byte-symbols.ts'
import { preTokenizerFile, preTokenizerNamed } from './hugging-face-pre-tokenizers.ts'
import type { Merge } from './merges.ts'
import { createTokenizer, END_OF_TEXT, type Tokenizer } from './tokenizer.ts'

/**
 * The contents of `tokenizer.json`, with which Hugging Face's tokenizers give the same ids. (They also read the name of
 * a special token in a text as that token.)
 */
export function toHuggingFace({ vocabulary, merges, specialTokens, preTokenizer, ignoreMerges }: Tokenizer) {
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
    pre_tokenizer: preTokenizerFile(preTokenizer ?? 'LLAMA3'),
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
      ignore_merges: ignoreMerges ?? false,
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
const absent = z.union([z.null(), z.literal('')]).optional()
const file = z.object({
  added_tokens: z.array(added).default([]),
  // It would change texts, so that they do not come back as they were.
  normalizer: z.null().optional(),
  pre_tokenizer: z.unknown(),
  model: z.object({
    type: z.literal('BPE'),
    dropout: z.union([z.null(), z.literal(0)]).optional(),
    continuing_subword_prefix: absent,
    end_of_word_suffix: absent,
    byte_fallback: z.literal(false).optional(),
    ignore_merges: z.boolean().optional(),
    vocab: z.record(z.string(), z.int().min(0)),
    merges: z.array(merge),
  }),
})

/**
 * Reads a `tokenizer.json` of byte-level BPE. What it puts before and behind a text (its post-processor) is left out.
 * Throws INVALID_INPUT naming what is not supported, rather than encode differently.
 */
export function fromHuggingFace(json: unknown): Tokenizer {
  const parsed = file.safeParse(json)
  if (!parsed.success) throw invalid(z.prettifyError(parsed.error))
  const { added_tokens, pre_tokenizer, model } = parsed.data
  const preTokenizer = preTokenizerNamed(pre_tokenizer)
  if (!preTokenizer) {
    const found = JSON.stringify(pre_tokenizer) ?? 'missing'
    throw invalid(
      `its pre-tokenizer is ${found.slice(0, 300)}, and only those of Llama 3, GPT-2, Qwen2 and SmolLM are supported`,
    )
  }

  const specialTokens = new Map(added_tokens.map(({ content, id }) => [content, id]))
  const vocabulary = vocabularyOf(Object.entries(model.vocab), specialTokens)
  const idOf = (symbols: string): number => {
    if (!Object.hasOwn(model.vocab, symbols)) throw invalid(`a merge names "${symbols}", which its vocabulary lacks`)
    return model.vocab[symbols]
  }
  const merges: Merge[] = model.merges.map(([left, right]) => [idOf(left), idOf(right)])
  const ignoreMerges = model.ignore_merges ?? false
  return createTokenizer({ vocabulary, merges, specialTokens, preTokenizer, ignoreMerges })
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
