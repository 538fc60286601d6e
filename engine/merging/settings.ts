import { EngineError } from '../errors.ts'
import type { Parameters, Values } from './merge-method.ts'
import type { Setting, Settings } from './recipe.ts'

/** Where a value is asked for. */
export interface Place {
  /** The tensor's name in the result. */
  readonly tensor: string
  /** From 0, the first layer of its slice and the embedding, to 1, the last layer and what follows it. */
  readonly depth: number
}

/**
 * A setting's value for a tensor; undefined where no filter takes it. A gradient is interpolated linearly between its
 * values, spread evenly over the depth.
 */
function settingAt(setting: Setting, place: Place): number | boolean | undefined {
  if (typeof setting !== 'object') return setting
  if (!Array.isArray(setting)) return settingAt([setting], place)
  if (isGradient(setting)) return gradientAt(setting, place.depth)
  const chosen = setting.find(({ filter }) => filter === undefined || filter === '*' || place.tensor.includes(filter))
  return chosen && settingAt(chosen.value, place)
}

const isGradient = (list: readonly unknown[]): list is readonly number[] => typeof list[0] === 'number'

function gradientAt(values: readonly number[], depth: number): number {
  const position = depth * (values.length - 1)
  const before = Math.min(values.length - 1, Math.floor(position))
  const share = position - before
  return (1 - share) * values[before]! + share * values[Math.min(values.length - 1, before + 1)]!
}

/**
 * The values of a method's parameters at a place: of the first scope that says something, otherwise the default. Throws
 * INVALID_INPUT naming what is missing, of the wrong kind or out of range.
 */
export function valuesAt(parameters: Parameters, scopes: readonly (Settings | undefined)[], place: Place): Values {
  const values = Object.entries(parameters).map(([name, parameter]) => {
    const found = scopes
      .map(scope => (scope?.[name] === undefined ? undefined : settingAt(scope[name], place)))
      .find(value => value !== undefined)
    const value = found ?? parameter.default
    if (value === undefined) throw invalid(`${place.tensor} needs the parameter ${name}, and no setting gives it one`)
    if (typeof value !== parameter.kind) throw invalid(`${name} is ${value}: it must be a ${parameter.kind}`)
    const { from = -Infinity, to = Infinity } = parameter
    if (typeof value === 'number' && !(value >= from && value <= to)) {
      throw invalid(`${name} is ${value}: it must be from ${from}${to === Infinity ? '' : ` to ${to}`}`)
    }
    return [name, value]
  })
  return Object.fromEntries(values)
}

const invalid = (message: string) => new EngineError('INVALID_INPUT', message)
