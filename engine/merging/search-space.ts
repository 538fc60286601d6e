import { EngineError } from '../errors.ts'
import type { MergeMethod, Parameters, Values } from './merge-method.ts'

/** Where a search may take a parameter, and where it begins; what is not here keeps its default. */
interface Range {
  readonly from: number
  readonly to: number
  readonly start: number
}

export type Bounds = Readonly<Record<string, readonly [number, number]>>

export interface SearchSpaceOptions {
  readonly method: MergeMethod
  /** How many models are merged, the base of task vectors not counted. */
  readonly models: number
  readonly layers: number
  /** Neighbouring layers share their values; the embedding goes with the first, what follows the layers with the last. */
  readonly groups: number
  /** Instead of the ranges that parameters usually have. */
  readonly bounds: Bounds
}

/** Points are lists of numbers from 0 to 1: every group's shared parameters, then those of each model. */
export interface SearchSpace {
  readonly start: readonly number[]
  /** The parameters that a tensor is merged with. */
  valuesAt(point: readonly number[], tensor: string): { readonly shared: Values; readonly each: readonly Values[] }
}

const usual = (models: number): Readonly<Record<string, Range>> => ({
  weight: { from: 0, to: 1, start: 1 / models },
  density: { from: 0.1, to: 1, start: 1 },
  t: { from: 0, to: 1, start: 0.5 },
  lambda: { from: 0, to: 1.5, start: 1 },
  select_topk: { from: 0.1, to: 1, start: 1 },
  gamma: { from: 0, to: 0.1, start: 0.01 },
})

/** Throws INVALID_INPUT on bounds that the method cannot take. */
export function searchSpace({ method, models, layers, groups, bounds }: SearchSpaceOptions): SearchSpace {
  const ranges = rangesOf(method, models, bounds)
  const searched = (parameters: Parameters) => Object.keys(parameters).filter(name => ranges.has(name))
  const [shared, each] = [searched(method.shared), searched(method.each)]
  const perGroup = shared.length + models * each.length
  const names = [...shared, ...Array.from({ length: models }, () => each).flat()]
  const startOf = (name: string) => {
    const { from, to, start } = ranges.get(name)!
    return (start - from) / (to - from)
  }

  const groupOf = (tensor: string): number => {
    const layer = /\blayers\.(\d+)\./.exec(tensor)?.[1]
    if (layer !== undefined) return Math.floor((Number(layer) * groups) / layers)
    return tensor.includes('embed') ? 0 : groups - 1
  }
  return {
    start: Array.from({ length: groups }, () => names.map(startOf)).flat(),
    valuesAt(point, tensor) {
      const begin = groupOf(tensor) * perGroup
      const value = (name: string, index: number) => {
        const { from, to } = ranges.get(name)!
        return from + point[begin + index]! * (to - from)
      }
      const chosen = (searchedNames: readonly string[], first: number) =>
        Object.fromEntries(searchedNames.map((name, index) => [name, value(name, first + index)]))
      return {
        shared: { ...defaultsOf(method.shared), ...chosen(shared, 0) },
        each: Array.from({ length: models }, (_, model) =>
          usable({ ...defaultsOf(method.each), ...chosen(each, shared.length + model * each.length) }),
        ),
      }
    },
  }
}

/** DELLA's chances must stay between 0 and 1. */
function usable(values: Values): Values {
  const { density, epsilon } = values
  if (typeof density !== 'number' || typeof epsilon !== 'number') return values
  return { ...values, epsilon: Math.min(epsilon, 0.999 * Math.min(density, 1 - density)) }
}

function rangesOf(method: MergeMethod, models: number, bounds: Bounds): ReadonlyMap<string, Range> {
  const parameters: Parameters = { ...method.shared, ...method.each }
  const known = Object.entries(usual(models)).filter(([name]) => name in parameters)
  const ranges = known.map(([name, range]): [string, Range] => {
    const { from: lowest = -Infinity, to: highest = Infinity } = parameters[name]!
    const [from, to] = bounds[name] ?? [Math.max(range.from, lowest), Math.min(range.to, highest)]
    if (!(from < to && from >= lowest && to <= highest)) {
      const allowed = `from ${lowest} to ${highest}`
      throw new EngineError(
        'INVALID_INPUT',
        `${method.name}: ${name} cannot be searched from ${from} to ${to}: bounds must rise, ${allowed}`,
      )
    }
    return [name, { from, to, start: Math.min(to, Math.max(from, range.start)) }]
  })
  return new Map(ranges)
}

const defaultsOf = (parameters: Parameters): Values =>
  Object.fromEntries(
    Object.entries(parameters).flatMap(([name, parameter]) =>
      parameter.default === undefined ? [] : [[name, parameter.default]],
    ),
  )
