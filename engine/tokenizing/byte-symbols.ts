/**
 * GPT-2's printable stand-ins for bytes (openai/gpt-2, encoder.py, bytes_to_unicode): printable Latin-1 stands for
 * itself, the 68 others for U+0100 and up. So a vocabulary of byte strings can be written as JSON text.
 */
const symbols: readonly string[] = Array.from({ length: 256 }, (_, byte) => symbolOf(byte))
const bytes: ReadonlyMap<string, number> = new Map(symbols.map((symbol, byte) => [symbol, byte]))

export function toSymbols(token: Uint8Array): string {
  return Array.from(token, byte => symbols[byte]).join('')
}

/** The bytes behind the symbols, or undefined if one of them stands for no byte. */
export function fromSymbols(text: string): Uint8Array | undefined {
  const values = Array.from(text, symbol => bytes.get(symbol))
  return values.includes(undefined) ? undefined : Uint8Array.from(values as number[])
}

function isPrintable(byte: number): boolean {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae
}

function symbolOf(byte: number): string {
  if (isPrintable(byte)) return String.fromCharCode(byte)
  let rank = 0
  for (let other = 0; other < byte; other++) if (!isPrintable(other)) rank++
  return String.fromCharCode(0x100 + rank)
}
