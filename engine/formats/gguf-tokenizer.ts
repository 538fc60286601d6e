import { toSymbols } from '../tokenizing/byte-symbols.ts'
import { END_OF_TEXT, type Tokenizer } from '../tokenizing/tokenizer.ts'
import type { GgufValue } from './gguf-header.ts'

// enum llama_token_type
const [NORMAL, CONTROL, UNUSED] = [1, 3, 5]

/**
 * The tokenizer as GGUF metadata: GPT-2's kind of byte-level BPE, cut by Llama 3's pattern, which llama.cpp calls
 * `llama-bpe`. Rows of the embedding beyond the vocabulary get names that no text encodes to.
 */
export function ggufTokenizer(
  { vocabulary, merges, specialTokens }: Tokenizer,
  embeddings: number,
): Record<string, GgufValue> {
  const names = new Map(Array.from(specialTokens, ([name, id]) => [id, name]))
  const nameOf = (id: number): string => names.get(id) ?? toSymbols(vocabulary[id])
  const ids = Array.from({ length: embeddings }, (_, id) => id)
  const isUsed = (id: number): boolean => id < vocabulary.length
  const end = specialTokens.get(END_OF_TEXT)
  return {
    'tokenizer.ggml.model': 'gpt2',
    'tokenizer.ggml.pre': 'llama-bpe',
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
