import { adamWDefaults } from '../../engine/optimizers/adamw.ts'
import { grokFastEmaDefaults } from '../../engine/optimizers/grokfast-ema.ts'
import { usualSchedule } from '../../engine/optimizers/schedule.ts'
import type { TrainerOptions } from '../../engine/training/options.ts'
import type { Trial } from './trial.ts'

/** AdamW with GrokFast EMA, as jobs have them unless told otherwise. */
export const trainerOptions = ({ model, batch, context, rounds }: Trial) =>
  ({
    model,
    batch,
    context,
    accumulation: 1,
    seed: 42,
    optimizer: adamWDefaults,
    schedule: usualSchedule(1e-3, rounds + 1),
    clip: 1,
    grokfast: grokFastEmaDefaults,
  }) satisfies TrainerOptions
