/** Llama 3's pre-tokenizer in the regex dialect of Hugging Face tokenizers (Oniguruma): no merge crosses its pieces. */
const LLAMA3_PATTERN =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
const QWEN2_PATTERN = LLAMA3_PATTERN.replace('\\p{N}{1,3}', '\\p{N}')
/** Of GPT-2 (openai/gpt-2, encoder.py). */
const GPT2_PATTERN = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"
const DIGIT = '\\p{N}'

/**
 * How a tokenizer cuts text before it merges: by one pattern after the other, each of which takes its matches out of
 * the pieces of the one before. All of them cut before a space that follows a letter (segments.ts relies on that).
 */
export const preTokenizers = {
  LLAMA3: [LLAMA3_PATTERN],
  GPT2: [GPT2_PATTERN],
  QWEN2: [QWEN2_PATTERN],
  /** GPT-2's, every digit alone. */
  SMOLLM: [DIGIT, GPT2_PATTERN],
} as const satisfies Record<string, readonly string[]>

export type PreTokenizer = keyof typeof preTokenizers

const compiled = new Map<PreTokenizer, readonly RegExp[]>()
const patternsOf = (name: PreTokenizer): readonly RegExp[] => {
  const known = compiled.get(name) ?? preTokenizers[name].map(javascript)
  compiled.set(name, known)
  return known
}

// Oniguruma's \s is Unicode's White_Space; JavaScript's has U+FEFF and lacks U+0085.
const javascript = (pattern: string) =>
  new RegExp(pattern.replaceAll('\\s', '\\p{White_Space}').replaceAll('\\S', '\\P{White_Space}'), 'gu')

/** Cuts text into pieces; together they are the whole text. */
export function preTokens(text: string, name: PreTokenizer = 'LLAMA3'): readonly string[] {
  let pieces: readonly string[] = [text]
  for (const pattern of patternsOf(name)) pieces = pieces.flatMap(piece => isolated(piece, pattern))
  return pieces
}

/** The matches, and what is between them. */
function isolated(text: string, pattern: RegExp): string[] {
  const pieces: string[] = []
  let end = 0
  for (const match of text.matchAll(pattern)) {
    if (match.index > end) pieces.push(text.slice(end, match.index))
    pieces.push(match[0])
    end = match.index + match[0].length
  }
  if (end < text.length) pieces.push(text.slice(end))
  return pieces
}
