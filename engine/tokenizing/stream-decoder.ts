import { type Tokenizer, tokenBytes } from './tokenizer.ts'

export interface StreamDecoder {
  /** The text that this token completes: empty while a character is still missing bytes. */
  push(id: number): string
  /** What is left: U+FFFD for a character that was never completed. */
  end(): string
}

/** Decodes token by token. A character may span tokens, so its bytes wait until it is whole. */
export function createStreamDecoder(tokenizer: Tokenizer): StreamDecoder {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  return {
    push: id => decoder.decode(tokenBytes(tokenizer.vocabulary, id), { stream: true }),
    end: () => decoder.decode(),
  }
}
