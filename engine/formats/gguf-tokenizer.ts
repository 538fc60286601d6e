import { toSymbols } from '../tokenizing/byte-symbols.ts'
import type { PreTokenizer } from '../tokenizing/pre-tokens.ts'
import { END_OF_TEXT, type Tokenizer } from '../tokenizing/tokenizer.ts'
import type { GgufValue } from './gguf-header.ts'

// enum llama_token_type
const [NORMAL, CONTROL, UNUSED] = [1, 3, 5]

/** llama.cpp's names of what cuts the text. */
const pre: Readonly<Record<PreTokenizer, string>> = {
  LLAMA3: 'llama-bpe',
  GPT2: 'gpt-2',
  QWEN2: 'qwen2',
  SMOLLM: 'smollm',
}

/**
 * The tokenizer as GGUF metadata: GPT-2's kind of byte-level BPE. Rows of the embedding beyond the vocabulary get names that no text encodes to.
 */
export function ggufTokenizer(
  { vocabulary, merges, specialTokens, preTokenizer = 'LLAMA3' }: Tokenizer,
  embeddings: number,
): Record<string, GgufValue> {
  const names = new Map(Array.from(specialTokens, ([name, id]) => [id, name]))
  const nameOf = (id: number): string => names.get(id) ?? toSymbols(vocabulary[id])
  const ids = Array.from({ length: embeddings }, (_, id) => id)
  const isUsed = (id: number): boolean => id < vocabulary.length
  const end = specialTokens.get(END_OF_TEXT)
  return {
    'tokenizer.ggml.model': 'gpt2',
    'tokenizer.ggml.pre': pre[preTokenizer],
    'tokenizer.ggml.tokens': { strings: ids.map(id => (isUsed(id) ? nameOf(id) : `[PAD${id}]`)) },
    'tokenizer.ggml.token_type': {
      int32s: ids.map(id => (names.has(id) ? CONTROL : isUsed(id) ? NORMAL : UNUSED)),
    },
    'tokenizer.ggml.merges': { strings: merges.map(([left, right]) => `${nameOf(left)} ${nameOf(right)}`) },
    // llama.cpp puts a beginning before every text cut this way unless it is told not to; ours were trained without.
    'tokenizer.ggml.add_bos_token': false,
    ...(end !== undefined && {
      'tokenizer.ggml.bos_token_id': { uint32: end },
      'tokenizer.ggml.eos_token_id': { uint32: end },
      'tokenizer.ggml.padding_token_id': { uint32: end },
    }),
  }
}
