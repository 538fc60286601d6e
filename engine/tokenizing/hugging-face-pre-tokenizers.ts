import { isDeepStrictEqual } from 'node:util'
import { type PreTokenizer, preTokenizers } from './pre-tokens.ts'

/** Their own pattern is GPT-2's. */
const byteLevel = (usesRegex: boolean) => ({
  type: 'ByteLevel',
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: usesRegex,
})
const split = (pattern: string) => ({
  type: 'Split',
  pattern: { Regex: pattern },
  behavior: 'Isolated',
  invert: false,
})
const sequence = (...pretokenizers: readonly object[]) => ({ type: 'Sequence', pretokenizers })

const files: Readonly<Record<PreTokenizer, object>> = {
  LLAMA3: sequence(split(preTokenizers.LLAMA3[0]), byteLevel(false)),
  GPT2: byteLevel(true),
  QWEN2: sequence(split(preTokenizers.QWEN2[0]), byteLevel(false)),
  SMOLLM: sequence({ type: 'Digits', individual_digits: true }, byteLevel(true)),
}

/** As `tokenizer.json` says it. */
export const preTokenizerFile = (name: PreTokenizer): object => files[name]

/** The one that a `tokenizer.json` describes, or undefined. */
export function preTokenizerNamed(file: unknown): PreTokenizer | undefined {
  const plain = withDefaults(file)
  return (Object.keys(files) as PreTokenizer[]).find(name => isDeepStrictEqual(plain, files[name]))
}

/** Offsets do not change tokens, and older files leave out what is the default. */
function withDefaults(file: unknown): unknown {
  if (typeof file !== 'object' || file === null) return file
  const given = file as Record<string, unknown>
  if (given.type === 'ByteLevel') return { use_regex: true, ...given, trim_offsets: true }
  if (!Array.isArray(given.pretokenizers)) return given
  const parts = given.pretokenizers.map(withDefaults)
  // A sequence of one is that one.
  return parts.length === 1 ? parts[0] : { ...given, pretokenizers: parts }
}
