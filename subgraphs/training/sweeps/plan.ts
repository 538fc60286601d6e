import { seededRandom } from '../../../engine/random.ts'
import { rungsOf } from '../../../engine/search/asha.ts'
import { drawPoint, gridOf, gridSize, type Point } from '../../../engine/search/dimensions.ts'
import type { Preset } from '../../../schema/values.ts'
import { cognateConfig } from '../recipes/config.ts'
import { badSetting, domainErrorOf } from '../recipes/errors.ts'
import { type CognateSettings, readSettings } from '../recipes/request.ts'
import * as errors from './errors.ts'
import type { ChosenSearch } from './request.ts'
import { settingsAt, spaceOf } from './space.ts'
import type { SearchPlan, Trial } from './sweep.ts'

/** Unless given. */
const defaults = { algorithm: 'ASHA', trials: 16, eta: 3, seed: 42 } as const

/** A trial that has not begun. */
export type Draft = Omit<Trial, 'job' | 'rung' | 'losses' | 'completion'>

interface Training {
  readonly preset: Preset
  readonly settings: CognateSettings
  readonly seed: number
}

/** The search and all its trials: a seed draws the same ones again. Throws INVALID_INPUT naming value and remedy. */
export function planOf(chosen: ChosenSearch, training: Training): { plan: SearchPlan; drafts: readonly Draft[] } {
  const { algorithm = defaults.algorithm, eta = defaults.eta, seed = defaults.seed } = chosen
  if (!Number.isSafeInteger(seed) || seed < 0) throw badSetting('seed', seed, 'it must be a whole number from 0')
  if (training.settings.control) throw errors.noControls()
  const space = spaceOf(chosen.space, training.settings)
  const points = pointsOf(chosen, { algorithm, space, seed })
  const drafts = points.map((parameters, index) => draftOf(training, parameters, index + 1))
  checkComparable(drafts)

  const { steps } = drafts[0]!.config
  const longest = Math.max(1, Math.floor(steps / eta ** 2))
  if (algorithm === 'ASHA') {
    try {
      return { plan: { algorithm, space, seed, eta, rungs: rungsOf(chosen.minSteps ?? longest, steps, eta) }, drafts }
    } catch (error) {
      throw domainErrorOf(error)
    }
  }
  if (chosen.eta !== undefined) throw errors.onlyAsha('eta', chosen.eta)
  if (chosen.minSteps !== undefined) throw errors.onlyAsha('minSteps', chosen.minSteps)
  return { plan: { algorithm, space, seed, eta, rungs: [steps] }, drafts }
}

function pointsOf(chosen: ChosenSearch, { algorithm, space, seed }: Pick<SearchPlan, 'algorithm' | 'space' | 'seed'>) {
  if (algorithm === 'GRID') {
    if (chosen.trials !== undefined) throw errors.gridHasItsOwn(chosen.trials)
    const size = gridSize(space)
    if (size > errors.mostTrials) throw errors.gridTooLarge(size)
    return gridOf(space)
  }
  const { trials = defaults.trials } = chosen
  if (!Number.isInteger(trials) || trials < 1 || trials > errors.mostTrials) throw errors.badTrials(trials)
  const random = seededRandom(seed)
  return Array.from({ length: trials }, () => drawPoint(space, random))
}

function draftOf({ preset: common, settings, seed }: Training, parameters: Point, number: number): Draft {
  const own = parameters.preset as Preset | undefined
  const preset = own ?? common
  const config = cognateConfig(preset, readSettings(settingsAt(settings, parameters)), seed)
  return { number, parameters, preset: settings.sizes && !own ? null : preset, config }
}

/** Losses are per token, and of a text cut into windows: other tokens or windows are other losses. */
function checkComparable(drafts: readonly Draft[]): void {
  const [first, ...others] = drafts.map(({ config }) => config)
  for (const { model, context, steps } of others) {
    const vocabulary = first!.model.vocabularySize
    if (model.vocabularySize !== vocabulary) throw errors.incomparable('vocabulary', vocabulary, model.vocabularySize)
    if (context !== first!.context) throw errors.incomparable('context', first!.context, context)
    if (steps !== first!.steps) throw errors.incomparable('steps', first!.steps, steps)
  }
}
