import { EngineError } from '../errors.ts'
import { type LlamaConfig, validateConfig } from '../models/llama-config.ts'
import { type AdamWOptions, validateAdamW } from '../optimizers/adamw.ts'
import { type GrokFastEma, validateGrokFastEma } from '../optimizers/grokfast-ema.ts'
import { type GrokFastMa, validateGrokFastMa } from '../optimizers/grokfast-ma.ts'
import { type Schedule, validateSchedule } from '../optimizers/schedule.ts'
import { type CurriculumPhase, validateCurriculum } from './curriculum.ts'

export type GrokFast = GrokFastEma | GrokFastMa

export interface TrainerOptions {
  readonly model: LlamaConfig
  /** Sequences in one forward and backward pass. */
  readonly batch: number
  /** Tokens in a sequence, at most the model's contextLength. */
  readonly context: number
  /** Shorter sequences first; see `sizeAt`. Losses of other data than the steps' are always of whole `context`s. */
  readonly curriculum?: readonly CurriculumPhase[]
  /** Passes whose gradients are averaged into one step; a step then takes accumulation × batch sequences. */
  readonly accumulation: number
  /** Of the initial weights. */
  readonly seed: number
  readonly optimizer: AdamWOptions
  readonly schedule: Schedule
  /** The gradient's global norm is cut to this. */
  readonly clip: number
  readonly grokfast?: GrokFast
}

/** Throws INVALID_INPUT naming the first value that cannot train. */
export function validateOptions(options: TrainerOptions): void {
  validateConfig(options.model)
  const { batch, context, accumulation, clip, grokfast, model } = options
  for (const [name, count] of Object.entries({ batch, context, accumulation })) {
    if (!Number.isSafeInteger(count) || count < 1)
      throw invalid(`${name} is ${count}: it must be a whole number from 1`)
  }
  if (context > model.contextLength) {
    throw invalid(`context is ${context}, beyond the model's contextLength of ${model.contextLength}: shorten it`)
  }
  if (!(clip > 0)) throw invalid(`clip is ${clip}: it must be above 0, usually 1`)
  validateCurriculum(options)
  validateAdamW(options.optimizer)
  validateSchedule(options.schedule)
  if (grokfast?.kind === 'EMA') validateGrokFastEma(grokfast)
  if (grokfast?.kind === 'MA') validateGrokFastMa(grokfast)
}

function invalid(message: string): EngineError {
  return new EngineError('INVALID_INPUT', message)
}
