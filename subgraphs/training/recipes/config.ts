import type { LlamaConfig } from '../../../engine/models/llama-config.ts'
import { presets } from '../../../engine/models/presets.ts'
import { adamWDefaults } from '../../../engine/optimizers/adamw.ts'
import { grokFastEmaDefaults } from '../../../engine/optimizers/grokfast-ema.ts'
import { grokFastMaDefaults } from '../../../engine/optimizers/grokfast-ma.ts'
import { type CurriculumPhase, curriculumOf } from '../../../engine/training/curriculum.ts'
import { type TrainerOptions, validateOptions } from '../../../engine/training/options.ts'
import type { Preset } from '../../../schema/values.ts'
import { keptByDefault } from '../checkpoints/checkpoint.ts'
import { badSetting, domainErrorOf } from './errors.ts'
import type { CognateSettings } from './request.ts'
import { type StoppingRules, stoppingRules } from './stopping.ts'

/** Everything that decides what a Cognate training computes, beside its data. */
export interface CognateConfig extends StoppingRules {
  readonly model: LlamaConfig
  readonly steps: number
  readonly batch: number
  readonly context: number
  /** Shorter sequences first, as many more of them; null without, absent in jobs older than it. */
  readonly curriculum?: readonly CurriculumPhase[] | null
  readonly accumulation: number
  readonly learningRate: number
  readonly finalLearningRate: number
  readonly warmup: number
  readonly weightDecay: number
  readonly gradientClip: number
  readonly grokfast: TrainerOptions['grokfast'] | null
  readonly seed: number
  /** Steps between two looks at the validation loss. */
  readonly validationEvery: number
  /** Steps between two checkpoints; time makes more of them. */
  readonly checkpointEvery: number
  /** A checkpoint is made at the latest after so much work. */
  readonly checkpointSeconds: number
  /** How many of the newest checkpoints are kept, and of those with the lowest validation loss. */
  readonly keepLast: number
  readonly keepBest: number
}

/** Share of the text that is kept for validation: its end. */
export const validationShare = 0.1

const defaultSteps: Record<Preset, number> = { NANO: 1_000, MICRO: 2_000, SMALL: 4_000, COGNATE: 10_000 }

/** The settings with every default filled in. Throws INVALID_INPUT naming the first value that cannot train. */
export function cognateConfig(preset: Preset, settings: CognateSettings, seed: number): CognateConfig {
  if (!Number.isSafeInteger(seed) || seed < 0) throw badSetting('seed', seed, 'it must be a whole number from 0')
  const { model, batch, learningRate } = presets[preset]
  const steps = settings.steps ?? defaultSteps[preset]
  const rate = settings.learningRate ?? learningRate
  const context = settings.context ?? model.contextLength
  const config: CognateConfig = {
    model: sized(model, settings.sizes ?? {}, context),
    steps,
    batch: settings.batch ?? batch,
    context,
    curriculum: curriculumOfSteps(settings.curriculum, steps),
    accumulation: settings.accumulation ?? 1,
    learningRate: rate,
    finalLearningRate: rate / 10,
    warmup: settings.warmup ?? Math.min(100, Math.floor(steps / 10)),
    weightDecay: settings.weightDecay ?? adamWDefaults.weightDecay,
    gradientClip: settings.gradientClip ?? 1,
    grokfast: grokfastOf(settings.grokfast),
    seed,
    validationEvery: settings.validationEvery ?? Math.max(1, Math.min(100, Math.ceil(steps / 20))),
    checkpointEvery: settings.checkpointEvery ?? 200,
    checkpointSeconds: settings.checkpointSeconds ?? 15,
    keepLast: settings.keepLast ?? keptByDefault.last,
    keepBest: settings.keepBest ?? keptByDefault.best,
    ...stoppingRules(settings),
  }
  try {
    validateOptions(trainerOptions(config))
  } catch (error) {
    throw domainErrorOf(error)
  }
  return config
}

/** The context trained on is the longest that the model may be asked for. */
function sized(model: LlamaConfig, sizes: NonNullable<CognateSettings['sizes']>, context: number): LlamaConfig {
  const { vocabulary = model.vocabularySize, ...others } = sizes
  const { width = model.width, heads = model.heads } = sizes
  return {
    ...model,
    // Sizes that follow from others do so where these are chosen: SwiGLU's 8/3 of the width, as many values as heads.
    ...(sizes.width ? { feedForward: Math.ceil((width * 8) / 3 / 32) * 32 } : {}),
    ...(sizes.heads ? { keyValueHeads: heads } : {}),
    ...others,
    vocabularySize: vocabulary,
    contextLength: context,
  }
}

function curriculumOfSteps(chosen: CognateSettings['curriculum'], steps: number): CurriculumPhase[] | null {
  if (!chosen) return null
  try {
    return curriculumOf(chosen, steps)
  } catch (error) {
    throw domainErrorOf(error)
  }
}

function grokfastOf(chosen: CognateSettings['grokfast']): CognateConfig['grokfast'] {
  if (chosen?.kind === 'EMA') {
    const { alpha = grokFastEmaDefaults.alpha, lambda = grokFastEmaDefaults.lambda } = chosen
    return { kind: 'EMA', alpha, lambda, ...scheduleOf(chosen) }
  }
  if (chosen?.kind === 'MA') {
    const { window = grokFastMaDefaults.window, lambda = grokFastMaDefaults.lambda } = chosen
    return { kind: 'MA', window, lambda, ...scheduleOf(chosen) }
  }
  return null
}

const scheduleOf = ({ start = 0, warmup = 0 }: NonNullable<CognateSettings['grokfast']>) => ({ start, warmUp: warmup })

export const trainerOptions = (config: CognateConfig): TrainerOptions => ({
  model: config.model,
  batch: config.batch,
  context: config.context,
  ...(config.curriculum ? { curriculum: config.curriculum } : {}),
  accumulation: config.accumulation,
  seed: config.seed,
  optimizer: { ...adamWDefaults, weightDecay: config.weightDecay },
  schedule: {
    peak: config.learningRate,
    floor: config.finalLearningRate,
    warmUp: config.warmup,
    steps: config.steps,
  },
  clip: config.gradientClip,
  ...(config.grokfast ? { grokfast: config.grokfast } : {}),
})
