import { EngineError } from '../errors.ts'
import { type Random, type RandomState, restoredRandom, seededRandom } from '../random.ts'
import type { Bounds } from './cma-es.ts'
import { crowding, fronts, type Objectives } from './pareto.ts'

export interface Individual {
  readonly point: readonly number[]
  readonly objectives: Objectives
}

/** All of a search between two generations, as JSON holds it. */
export interface NsgaState {
  readonly size: number
  /** The best so far: sorted by front, and by crowding within one. Empty before the first generation. */
  readonly population: readonly Individual[]
  readonly generation: number
  readonly random: RandomState
}

/** Calls alternate, as with CMA-ES; objectives are minimised. */
export interface Nsga {
  ask(): readonly (readonly number[])[]
  tell(objectives: readonly Objectives[]): void
  state(): NsgaState
  /** Those that none dominates. */
  front(): readonly Individual[]
}

/** Distribution indices of crossover and mutation, and the chance of a crossover (Deb et al. 2002, §V). */
const crossoverIndex = 20
const mutationIndex = 20
const crossoverChance = 0.9

export function startNsga(size: number, seed: number): NsgaState {
  if (!Number.isInteger(size) || size < 4) {
    throw new EngineError('INVALID_INPUT', `the population is ${size}: NSGA-II needs 4 points at least`)
  }
  return { size, population: [], generation: 0, random: seededRandom(seed).state() }
}

/**
 * NSGA-II ("A fast and elitist multiobjective genetic algorithm", Deb et al. 2002): parents and children compete for
 * the next generation by front and then by crowding, so that nothing that none dominates is lost while it fits.
 * Children come of binary tournaments, simulated binary crossover and polynomial mutation. `starts` are points of the
 * first generation, the others of which are drawn uniformly within the bounds.
 */
export function nsga2(from: NsgaState, bounds: Bounds, starts: readonly (readonly number[])[] = []): Nsga {
  const random = restoredRandom(from.random)
  let state = from
  let asked: readonly (readonly number[])[] = []

  const tournament = (): readonly number[] => {
    // The population is sorted: the lower index is the better.
    const [one, other] = [random.integer(state.population.length), random.integer(state.population.length)]
    return state.population[Math.min(one, other)]!.point
  }
  return {
    ask() {
      const { size, population } = state
      if (population.length === 0) {
        const drawn = Array.from({ length: Math.max(0, size - starts.length) }, () =>
          bounds.lower.map((low, axis) => low + random.next() * (bounds.upper[axis]! - low)),
        )
        asked = [...starts.slice(0, size), ...drawn]
      } else {
        const pairs = Array.from({ length: Math.ceil(size / 2) }, () =>
          crossed(tournament(), tournament(), bounds, random),
        )
        asked = pairs
          .flat()
          .slice(0, size)
          .map(point => mutated(point, bounds, random))
      }
      return asked
    },
    tell(objectives) {
      const children = asked.map((point, index) => ({ point, objectives: objectives[index]! }))
      const population = best([...state.population, ...children], state.size)
      state = { ...state, population, generation: state.generation + 1, random: random.state() }
    },
    state: () => state,
    front: () =>
      fronts(state.population.map(({ objectives }) => objectives))[0]!.map(index => state.population[index]!),
  }
}

function best(all: readonly Individual[], size: number): readonly Individual[] {
  const chosen: Individual[] = []
  for (const front of fronts(all.map(({ objectives }) => objectives))) {
    const members = front.map(index => all[index]!)
    const distances = crowding(members.map(({ objectives }) => objectives))
    const order = [...members.keys()].sort((a, b) => distances[b]! - distances[a]! || a - b)
    chosen.push(...order.map(index => members[index]!))
    if (chosen.length >= size) break
  }
  return chosen.slice(0, size)
}

/** Simulated binary crossover (Deb & Agrawal 1995). */
function crossed(
  a: readonly number[],
  b: readonly number[],
  { lower, upper }: Bounds,
  random: Random,
): [number[], number[]] {
  const [one, other] = [[...a], [...b]]
  if (random.next() > crossoverChance) return [one, other]
  for (let axis = 0; axis < a.length; axis++) {
    if (random.next() > 0.5) continue
    const u = random.next()
    const power = 1 / (crossoverIndex + 1)
    const spread = u <= 0.5 ? (2 * u) ** power : (1 / (2 * (1 - u))) ** power
    const clip = (value: number) => Math.min(upper[axis]!, Math.max(lower[axis]!, value))
    one[axis] = clip(((1 + spread) * a[axis]! + (1 - spread) * b[axis]!) / 2)
    other[axis] = clip(((1 - spread) * a[axis]! + (1 + spread) * b[axis]!) / 2)
  }
  return [one, other]
}

/** Polynomial mutation, of one axis on the average (Deb & Goyal 1996). */
function mutated(point: readonly number[], { lower, upper }: Bounds, random: Random): readonly number[] {
  return point.map((value, axis) => {
    if (random.next() * point.length > 1) return value
    const u = random.next()
    const power = 1 / (mutationIndex + 1)
    const shift = u < 0.5 ? (2 * u) ** power - 1 : 1 - (2 * (1 - u)) ** power
    return Math.min(upper[axis]!, Math.max(lower[axis]!, value + shift * (upper[axis]! - lower[axis]!)))
  })
}
