import { EngineError } from '../errors.ts'
import { type RandomState, restoredRandom, seededRandom } from '../random.ts'
import { type Strategy, strategyOf } from './cma-strategy.ts'
import { symmetricEigen } from './eigen.ts'

/** All of a search between two generations, as JSON holds it. */
export interface CmaState {
  readonly mean: readonly number[]
  readonly sigma: number
  readonly covariance: readonly (readonly number[])[]
  /** Evolution paths, of the covariance and of the step size. */
  readonly path: readonly number[]
  readonly sigmaPath: readonly number[]
  readonly generation: number
  readonly random: RandomState
}

export interface CmaOptions {
  readonly start: readonly number[]
  /** Deviation of the first generation along every axis. */
  readonly sigma: number
  readonly seed: number
  readonly population?: number
}

export interface Bounds {
  readonly lower: readonly number[]
  readonly upper: readonly number[]
}

/** Calls alternate: `ask` for a generation, `tell` what each of its points is worth. */
export interface CmaEs {
  /** Points within the bounds. */
  ask(): readonly (readonly number[])[]
  /** The less the better, in the order of `ask`; what is not a number counts as the worst. */
  tell(losses: readonly number[]): void
  state(): CmaState
}

/** Population of n dimensions where nobody chooses: 4 + ⌊3 ln n⌋. */
export const populationOf = (dimensions: number): number => 4 + Math.floor(3 * Math.log(dimensions))

export function startCma({ start, sigma, seed }: CmaOptions): CmaState {
  if (start.length === 0) throw new EngineError('INVALID_INPUT', 'there is nothing to search: no dimension is left')
  if (!(sigma > 0)) throw new EngineError('INVALID_INPUT', `sigma is ${sigma}: it must be above 0`)
  const zeros = start.map(() => 0)
  return {
    mean: start,
    sigma,
    covariance: start.map((_, row) => start.map((_, column) => (row === column ? 1 : 0))),
    path: zeros,
    sigmaPath: zeros,
    generation: 0,
    random: seededRandom(seed).state(),
  }
}

/**
 * The covariance matrix adaptation evolution strategy (Hansen, "The CMA evolution strategy: a tutorial", 2016,
 * arXiv:1604.00772): full covariance, rank-one and rank-μ update, cumulative step-size control; weights of the worse
 * half are zero. Bounds (§B.5): a point outside is judged at the nearest point inside, plus a penalty that grows with
 * the square of the distance, so that the distribution is drawn back and its shape is not cut.
 */
export function cmaEs(from: CmaState, { lower, upper }: Bounds, population = populationOf(from.mean.length)): CmaEs {
  const dimensions = from.mean.length
  const strategy = strategyOf(dimensions, population)
  const random = restoredRandom(from.random)
  let state = from
  /** Of the generation that is asked: y = (x − m)/σ, before and after the bounds. */
  let drawn: { readonly step: readonly number[]; readonly excess: number }[] = []
  let root = squareRoot(state.covariance)

  return {
    ask() {
      const { mean, sigma } = state
      const points = Array.from({ length: population }, () => {
        const normal = mean.map(() => random.normal())
        const step = root.times(normal)
        const free = mean.map((value, axis) => value + sigma * step[axis]!)
        const point = free.map((value, axis) => Math.min(upper[axis]!, Math.max(lower[axis]!, value)))
        const excess = sumOf(free, (value, axis) => ((value - point[axis]!) / sigma) ** 2) / dimensions
        return { point, step, excess }
      })
      drawn = points
      return points.map(({ point }) => point)
    },
    tell(losses) {
      const usable = losses.filter(Number.isFinite).toSorted((a, b) => a - b)
      const spread = usable[Math.floor(usable.length * 0.75)]! - usable[Math.floor(usable.length * 0.25)]! || 1
      const judged = drawn.map(({ step, excess }, index) => ({ step, loss: losses[index]! + spread * excess }))
      judged.sort((a, b) => worth(a.loss) - worth(b.loss))
      const steps = judged.slice(0, strategy.parents).map(({ step }) => step)
      state = { ...updated(state, steps, strategy, root), random: random.state() }
      root = squareRoot(state.covariance)
    },
    state: () => state,
  }
}

const worth = (loss: number): number => (Number.isFinite(loss) ? loss : Number.MAX_VALUE)

/** Equations 42 to 47 of the tutorial. */
function updated(state: CmaState, steps: readonly (readonly number[])[], strategy: Strategy, root: Root): CmaState {
  const { weights, effective, cSigma, dSigma, cPath, c1, cMu, expectedNorm } = strategy
  const { mean, sigma, path, sigmaPath, covariance, generation } = state
  const move = mean.map((_, axis) => sumOf(weights, (weight, rank) => weight * steps[rank]![axis]!))
  const whitened = root.inverseTimes(move)
  const nextSigmaPath = sigmaPath.map(
    (value, axis) => (1 - cSigma) * value + Math.sqrt(cSigma * (2 - cSigma) * effective) * whitened[axis]!,
  )
  const length = Math.sqrt(sumOf(nextSigmaPath, value => value * value))
  const expected = (1.4 + 2 / (mean.length + 1)) * expectedNorm
  // A long path of the step size says that steps are too short: then the other path must not grow too.
  const isCalm = length / Math.sqrt(1 - (1 - cSigma) ** (2 * (generation + 1))) < expected ? 1 : 0
  const nextPath = path.map(
    (value, axis) => (1 - cPath) * value + isCalm * Math.sqrt(cPath * (2 - cPath) * effective) * move[axis]!,
  )
  const kept = 1 - c1 - cMu + (1 - isCalm) * c1 * cPath * (2 - cPath)
  return {
    ...state,
    mean: mean.map((value, axis) => value + sigma * move[axis]!),
    sigma: sigma * Math.exp((cSigma / dSigma) * (length / expectedNorm - 1)),
    covariance: covariance.map((row, i) =>
      row.map((value, j) => {
        const ranks = sumOf(weights, (weight, rank) => weight * steps[rank]![i]! * steps[rank]![j]!)
        return kept * value + c1 * nextPath[i]! * nextPath[j]! + cMu * ranks
      }),
    ),
    path: nextPath,
    sigmaPath: nextSigmaPath,
    generation: generation + 1,
  }
}

type Root = ReturnType<typeof squareRoot>

/** C^½ as B·D, and C^−½, of C = B·D²·Bᵀ. */
function squareRoot(covariance: CmaState['covariance']) {
  const { values, vectors } = symmetricEigen(covariance)
  // Rounding may take the smallest eigenvalue below zero.
  const lengths = values.map(value => Math.sqrt(Math.max(value, 1e-20)))
  return {
    times: (normal: readonly number[]) =>
      vectors.map(row => sumOf(row, (value, axis) => value * lengths[axis]! * normal[axis]!)),
    inverseTimes(vector: readonly number[]) {
      const turned = lengths.map((length, axis) => sumOf(vector, (value, row) => value * vectors[row]![axis]!) / length)
      return vectors.map(row => sumOf(row, (value, axis) => value * turned[axis]!))
    },
  }
}

function sumOf(values: readonly number[], term: (value: number, index: number) => number): number {
  let total = 0
  for (let index = 0; index < values.length; index++) total += term(values[index]!, index)
  return total
}
