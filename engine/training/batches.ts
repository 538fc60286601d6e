import { counted } from '../counted.ts'
import { EngineError } from '../errors.ts'
import { type Random, type RandomState, restoredRandom, seededRandom } from '../random.ts'

/** Token ids, in memory or wherever a part of them is read from. */
export interface Tokens {
  readonly length: number
  /** Those from `begin` to before `end`, to be read only. */
  subarray(begin: number, end: number): Int32Array | Uint16Array
}

/** `batch` windows of `context` tokens, row after row, and for each token the one that follows it. */
export interface Batch {
  readonly inputs: Int32Array
  readonly targets: Int32Array
}

export interface BatchSize {
  readonly batch: number
  readonly context: number
}

/** An endless stream of random training windows; a stream restored from `state()` goes on with the same windows. */
export interface BatchSampler {
  /** Of the sampler's own size unless another is given. */
  next(size?: BatchSize): Batch
  state(): RandomState
}

/** Cuts off the last `share` of the tokens for validation, so that no validation window overlaps a training one. */
export function splitTokens<T extends Int32Array | Uint16Array>(
  tokens: T,
  share: number,
): { training: T; validation: T } {
  if (!(share > 0 && share < 1)) {
    throw new EngineError('INVALID_INPUT', `the validation share is ${share}: it must lie between 0 and 1`)
  }
  const boundary = Math.round(tokens.length * (1 - share))
  return { training: tokens.subarray(0, boundary) as T, validation: tokens.subarray(boundary) as T }
}

/** Windows at uniform random offsets. Throws INVALID_INPUT when not one window fits. */
export function trainingBatches(
  tokens: Tokens,
  size: BatchSize,
  start: { seed: number } | { state: RandomState },
): BatchSampler {
  const random: Random = 'state' in start ? restoredRandom(start.state) : seededRandom(start.seed)
  requireTokens('training', tokens, size.context + 1)
  return {
    next: (wanted = size) => batchAt(tokens, wanted, () => random.integer(tokens.length - wanted.context)),
    state: () => random.state(),
  }
}

/**
 * Windows side by side from the start, in whole batches: always the same for the same tokens. With a `limit`, that
 * many batches whose windows are spread evenly over the text. Throws INVALID_INPUT when not one batch fits.
 */
export function validationBatches(tokens: Tokens, size: BatchSize, limit = Number.POSITIVE_INFINITY): Batch[] {
  requireTokens('validation', tokens, size.batch * size.context + 1)
  const windows = Math.floor((tokens.length - 1) / size.context)
  const count = Math.min(limit, Math.floor(windows / size.batch))
  const taken = count * size.batch

  let window = 0
  const nextOffset = () => Math.floor((window++ * windows) / taken) * size.context
  return Array.from({ length: count }, () => batchAt(tokens, size, nextOffset))
}

function batchAt(tokens: Tokens, { batch, context }: BatchSize, nextOffset: () => number): Batch {
  const inputs = new Int32Array(batch * context)
  const targets = new Int32Array(batch * context)
  for (let row = 0; row < batch; row++) {
    const offset = nextOffset()
    const window = tokens.subarray(offset, offset + context + 1)
    inputs.set(window.subarray(0, context), row * context)
    targets.set(window.subarray(1), row * context)
  }
  return { inputs, targets }
}

function requireTokens(purpose: string, tokens: Tokens, needed: number): void {
  if (tokens.length >= needed) return
  throw new EngineError(
    'INVALID_INPUT',
    `the ${purpose} text has ${counted(tokens.length, 'token')} and needs at least ${needed}: give more text, or a shorter context or smaller batch`,
  )
}
