import { checkDimension, type Dimension, type Point, type Setting } from '../../../engine/search/dimensions.ts'
import { presets } from '../../../schema/values.ts'
import { domainErrorOf } from '../recipes/errors.ts'
import type { CognateSettings } from '../recipes/request.ts'
import * as errors from './errors.ts'
import type { ChosenDimension } from './request.ts'

/** The settings of a training that can be searched, and what their values are. */
const parameters: Readonly<Record<string, 'number' | 'integer' | readonly string[]>> = {
  learningRate: 'number',
  weightDecay: 'number',
  warmup: 'integer',
  batch: 'integer',
  preset: presets,
  'grokfast.kind': ['NONE', 'EMA', 'MA'],
  'grokfast.alpha': 'number',
  'grokfast.lambda': 'number',
  'grokfast.window': 'integer',
  'grokfast.start': 'integer',
  'grokfast.warmup': 'integer',
}

/** Throws INVALID_INPUT naming the first parameter that cannot be searched so, and the remedy. */
export function spaceOf(chosen: readonly ChosenDimension[], settings: CognateSettings): readonly Dimension[] {
  if (chosen.length === 0) throw errors.emptySpace()
  const space = chosen.map(dimensionOf)
  const names = space.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw errors.parameterTwice(twice)
  checkFilters(space, settings)
  return space
}

function dimensionOf({ parameter: name, points, ...chosen }: ChosenDimension): Dimension {
  const type = Object.hasOwn(parameters, name) ? parameters[name] : undefined
  if (type === undefined) throw errors.unknownParameter(name, Object.keys(parameters))
  const [given, ...others] = Object.entries(chosen)
  if (!given || others.length > 0) throw errors.oneDistribution(name, Object.keys(chosen))
  const kind = given[0] as Dimension['kind']
  const form = kind === 'choice' ? { kind, values: chosen.choice! } : { kind, ...chosen[kind]! }
  const dimension: Dimension = { name, ...form, ...(points !== undefined && { points }) }
  checkType(dimension, type)
  try {
    checkDimension(dimension)
  } catch (error) {
    throw domainErrorOf(error)
  }
  return dimension
}

function checkType(dimension: Dimension, type: 'number' | 'integer' | readonly string[]): void {
  const { name, kind } = dimension
  if (typeof type === 'object') {
    const isKnown = (value: Setting) => type.some(known => known === value)
    if (kind !== 'choice' || !dimension.values.every(isKnown)) throw errors.namesOnly(name, type)
    return
  }
  if (kind === 'choice') {
    const text = dimension.values.find(value => typeof value === 'string')
    if (text !== undefined) throw errors.numbersOnly(name, text)
  } else if (type === 'integer' && kind !== 'integer') throw errors.wholeNumbers(name, kind)
}

/** A setting of a filter that no trial has would be searched in vain. */
function checkFilters(space: readonly Dimension[], settings: CognateSettings): void {
  const searched = space.find(({ name }) => name === 'grokfast.kind')
  const kinds: readonly Setting[] = searched?.kind === 'choice' ? searched.values : [settings.grokfast?.kind ?? 'NONE']
  const has = (kind: string) => kinds.includes(kind)
  for (const { name } of space) {
    if (name === 'grokfast.alpha' && !has('EMA')) throw errors.useless(name, 'EMA')
    if (name === 'grokfast.window' && !has('MA')) throw errors.useless(name, 'MA')
    if (/^grokfast\.(lambda|start|warmup)$/.test(name) && !has('EMA') && !has('MA')) {
      throw errors.useless(name, 'EMA or MA')
    }
  }
}

/** The settings of a trial: what all have, with the point's own. The preset is no setting, and stands beside them. */
export function settingsAt(settings: CognateSettings, { preset: _preset, ...point }: Point): CognateSettings {
  const filter = Object.entries(point).flatMap(([name, value]) => {
    const [, inner] = /^grokfast\.(.*)$/.exec(name) ?? []
    return inner === undefined ? [] : [[inner, value]]
  })
  const plain = Object.entries(point).filter(([name]) => !name.startsWith('grokfast.'))
  const grokfast = filter.length > 0 ? { grokfast: { ...settings.grokfast, ...Object.fromEntries(filter) } } : {}
  return { ...settings, ...Object.fromEntries(plain), ...grokfast }
}
