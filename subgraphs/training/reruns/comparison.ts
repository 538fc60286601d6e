import type { TrainingJob } from '../jobs/job.ts'
import type { Curve } from '../metrics/points.ts'
import { isRepeatable } from './rerun.ts'

/** The curves that a rerun must repeat bit for bit. */
export const comparedMetrics = ['loss', 'validation_loss'] as const

export interface Difference {
  readonly step: number
  readonly metric: string
  /** Null where it has no value at this step. */
  readonly origin: number | null
  readonly rerun: number | null
}

/** What a rerun has shown. */
export interface Comparison {
  readonly verdict: 'IDENTICAL' | 'DIFFERENT'
  /** Steps of the loss curves that both have. */
  readonly comparedSteps: number
  readonly firstDifference: Difference | null
  readonly originWeights: string | null
  readonly rerunWeights: string | null
}

type NamedCurve = Curve & { readonly name: string }
type Compared = Pick<TrainingJob, 'weightsDigest'> & { readonly curves: readonly NamedCurve[] }
type Origin = Compared & Pick<TrainingJob, 'status' | 'error'>

/**
 * Values are equal when all their bits are, weights when their digests are, or when neither run has made any. Of an origin
 * that was cut off, by a cancel or a crash, only what it measured and made counts: it lacks what comes at the end.
 */
export function compareRuns(origin: Origin, rerun: Compared): Comparison {
  const isCutOff = !isRepeatable(origin)
  const differences = comparedMetrics.flatMap(metric => {
    const [before, after] = [valuesOf(metric, origin.curves), valuesOf(metric, rerun.curves)]
    return firstDifference(metric, before, after, isCutOff ? before.keys() : [...before.keys(), ...after.keys()]) ?? []
  })
  const [first = null] = differences.toSorted((one, other) => one.step - other.step)
  const [originWeights, rerunWeights] = [origin.weightsDigest, rerun.weightsDigest]
  const comparedSteps = stepsOfBoth(valuesOf('loss', origin.curves), valuesOf('loss', rerun.curves))
  const isSame = first === null && (originWeights === rerunWeights || (isCutOff && originWeights === null))
  return {
    verdict: isSame ? 'IDENTICAL' : 'DIFFERENT',
    comparedSteps,
    firstDifference: first,
    originWeights,
    rerunWeights,
  }
}

type Values = ReadonlyMap<number, number>

function valuesOf(metric: string, curves: readonly NamedCurve[]): Values {
  const curve = curves.find(({ name }) => name === metric)
  return new Map(curve && Array.from(curve.steps, (step, index) => [step, curve.values[index]!]))
}

const stepsOfBoth = (one: Values, other: Values) => [...one.keys()].filter(step => other.has(step)).length

function firstDifference(metric: string, before: Values, after: Values, steps: Iterable<number>) {
  const inOrder = [...new Set(steps)].sort((one, other) => one - other)
  const step = inOrder.find(step => !Object.is(before.get(step), after.get(step)))
  if (step === undefined) return null
  return { step, metric, origin: before.get(step) ?? null, rerun: after.get(step) ?? null }
}
