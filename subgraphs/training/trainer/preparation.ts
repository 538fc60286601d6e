import { fromHuggingFace, toHuggingFace } from '../../../engine/tokenizing/hugging-face.ts'
import type { Tokenizer } from '../../../engine/tokenizing/tokenizer.ts'
import { type Batch, type Tokens, validationBatches } from '../../../engine/training/batches.ts'
import type { CognateConfig } from '../recipes/config.ts'
import { openCache } from '../tokens/cache.ts'
import type { TokenParts } from '../tokens/once.ts'
import { learnedTokenizer, openTokens } from '../tokens/tokenizing.ts'
import type { FromTrainer, Order } from './protocol.ts'

/** Batches of one look at the validation loss during the training, and at its end. */
const glanceBatches = 8
const finalBatches = 200

export interface PreparedData extends Disposable {
  readonly tokenizer: Tokenizer
  readonly training: Tokens
  /** Tokens that are kept for validation. */
  readonly kept: number
  /** Spread over the validation text; for a look in between. */
  readonly glance: readonly Batch[]
  readonly validation: readonly Batch[]
}

/** A tokenizer as a checkpoint carries it. */
export type SavedTokenizer = ReturnType<typeof toHuggingFace>

export const saveTokenizer = (tokenizer: Tokenizer): SavedTokenizer => toHuggingFace(tokenizer)

/** What a process that was given an order needs to have tokens. */
export const tokenPartsOf = (
  { tokens }: Pick<Order, 'tokens'>,
  { blobs, shouldStop, send }: Omit<TokenParts, 'cache' | 'tell'> & { send(message: FromTrainer): void },
): TokenParts => ({
  blobs,
  shouldStop,
  cache: openCache(tokens),
  tell: message => send({ kind: 'preparing', message }),
})

/**
 * Tokenizes the dataset, with the tokenizer given or one learned from the part that is trained on; what is kept for
 * validation is in no window of the training. Null when it should stop. Throws INVALID_INPUT when there are too few tokens.
 */
export async function prepareData(
  parts: TokenParts,
  dataset: string,
  config: CognateConfig,
  saved?: SavedTokenizer,
): Promise<PreparedData | null> {
  const { batch, context, model } = config
  const tokenizer = saved ? fromHuggingFace(saved) : await learnedTokenizer(parts, dataset, model.vocabularySize)
  const tokens = tokenizer && (await openTokens(parts, dataset, tokenizer))
  if (!tokenizer || !tokens) return null
  const { training, validation } = tokens
  return {
    tokenizer,
    training,
    kept: validation.length,
    glance: validationBatches(validation, { batch, context }, glanceBatches),
    validation: validationBatches(validation, { batch, context }, finalBatches),
    [Symbol.dispose]: () => tokens[Symbol.dispose](),
  }
}
