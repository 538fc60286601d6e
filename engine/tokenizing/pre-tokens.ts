/** Llama 3's pre-tokenizer in the regex dialect of Hugging Face tokenizers (Oniguruma): no merge crosses its pieces. */
export const LLAMA3_PATTERN =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"

// Oniguruma's \s is Unicode's White_Space; JavaScript's has U+FEFF and lacks U+0085.
const pattern = new RegExp(
  LLAMA3_PATTERN.replaceAll('\\s', '\\p{White_Space}').replaceAll('\\S', '\\P{White_Space}'),
  'gu',
)

/** Cuts text into pieces; together they are the whole text. */
export function* preTokens(text: string): Generator<string> {
  for (const match of text.matchAll(pattern)) yield match[0]
}

/** How often each piece occurs. */
export function countPreTokens(text: string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const piece of preTokens(text)) counts.set(piece, (counts.get(piece) ?? 0) + 1)
  return counts
}
