import { fromHuggingFace, toHuggingFace } from '../../../engine/tokenizing/hugging-face.ts'
import { END_OF_TEXT, type Tokenizer } from '../../../engine/tokenizing/tokenizer.ts'
import { trainTokenizer } from '../../../engine/tokenizing/training.ts'
import { type Batch, splitTokens, validationBatches } from '../../../engine/training/batches.ts'
import { type CognateConfig, validationShare } from '../recipes/config.ts'

/** Batches of one look at the validation loss during the training, and at its end. */
const glanceBatches = 8
const finalBatches = 200

export interface PreparedData {
  readonly tokenizer: Tokenizer
  readonly training: Int32Array
  /** Spread over the validation text; for a look in between. */
  readonly glance: readonly Batch[]
  readonly validation: readonly Batch[]
}

/** A tokenizer as a checkpoint carries it. */
export type SavedTokenizer = ReturnType<typeof toHuggingFace>

export const saveTokenizer = (tokenizer: Tokenizer): SavedTokenizer => toHuggingFace(tokenizer)

/**
 * Tokenizes the text, with the tokenizer given or one learned from the part that is trained on, and keeps the end of it
 * for validation, so that no window lies in both. Throws INVALID_INPUT when there are too few tokens.
 */
export function prepareData(text: string, config: CognateConfig, saved?: SavedTokenizer): PreparedData {
  const { batch, context, model } = config
  const tokenizer = saved
    ? fromHuggingFace(saved)
    : trainTokenizer(text.slice(0, Math.floor(text.length * (1 - validationShare))), {
        vocabularySize: model.vocabularySize,
        specialTokens: [END_OF_TEXT],
      })
  const { training, validation } = splitTokens(tokenizer.encode(text), validationShare)
  return {
    tokenizer,
    training,
    glance: validationBatches(validation, { batch, context }, glanceBatches),
    validation: validationBatches(validation, { batch, context }, finalBatches),
  }
}
