import { EngineError } from '../errors.ts'
import type { Random } from '../random.ts'

interface Range {
  readonly from: number
  readonly to: number
}

/** Where a search may take one setting. A whole number is drawn from both ends and all between. */
export type Dimension = { readonly name: string; readonly points?: number } & (
  | ({ readonly kind: 'uniform' | 'logUniform' | 'integer' } & Range)
  | { readonly kind: 'choice'; readonly values: readonly Setting[] }
)

export type Setting = number | string

/** A value of every dimension, by name. */
export type Point = Readonly<Record<string, Setting>>

/** Of a range in a grid, unless it says how many. */
const defaultPoints = 3

/** Throws INVALID_INPUT naming the dimension from which nothing can be drawn. */
export function checkDimension(dimension: Dimension): void {
  const { name, points } = dimension
  const bad = (problem: string) => new EngineError('INVALID_INPUT', `${name} ${problem}`)
  if (points !== undefined && (!Number.isInteger(points) || points < 2)) {
    throw bad(`has ${points} points: take a whole number from 2, for both ends are among them`)
  }
  if (dimension.kind === 'choice') {
    const { values } = dimension
    if (values.length === 0) throw bad('has no values to choose from: give one at least')
    const twice = values.find((value, index) => values.indexOf(value) !== index)
    if (twice !== undefined) throw bad(`has the value ${twice} twice: give each once`)
    return
  }
  const { kind, from, to } = dimension
  if (!Number.isFinite(from) || !Number.isFinite(to)) throw bad(`goes from ${from} to ${to}: both must be numbers`)
  if (from >= to) throw bad(`goes from ${from} to ${to}: the lower bound comes first, and is below the other`)
  if (kind === 'logUniform' && from <= 0) {
    throw bad(`goes from ${from} on a logarithmic scale, which has no 0: begin above it, or take \`uniform\``)
  }
  if (kind === 'integer' && !(Number.isSafeInteger(from) && Number.isSafeInteger(to))) {
    throw bad(`goes from ${from} to ${to}: both ends of \`integer\` must be whole numbers`)
  }
}

/** One point, each dimension by its own distribution; log-uniform is from·(to/from)ᵘ with u uniform in [0, 1). */
export const drawPoint = (dimensions: readonly Dimension[], random: Random): Point =>
  Object.fromEntries(dimensions.map(dimension => [dimension.name, draw(dimension, random)]))

function draw(dimension: Dimension, random: Random): Setting {
  switch (dimension.kind) {
    case 'uniform':
      return dimension.from + random.next() * (dimension.to - dimension.from)
    case 'logUniform':
      return dimension.from * (dimension.to / dimension.from) ** random.next()
    case 'integer':
      return dimension.from + random.integer(dimension.to - dimension.from + 1)
    case 'choice':
      return dimension.values[random.integer(dimension.values.length)]!
  }
}

/** How many points a grid has; they need not exist for that. */
export const gridSize = (dimensions: readonly Dimension[]): number =>
  dimensions.reduce((product, dimension) => product * countOf(dimension), 1)

/** Every combination, the last dimension changing first. */
export function gridOf(dimensions: readonly Dimension[]): readonly Point[] {
  return dimensions.reduce<readonly Point[]>(
    (points, dimension) =>
      points.flatMap(point => valuesOf(dimension).map(value => ({ ...point, [dimension.name]: value }))),
    [{}],
  )
}

function countOf(dimension: Dimension): number {
  if (dimension.kind === 'choice') return dimension.values.length
  if (dimension.kind !== 'integer') return dimension.points ?? defaultPoints
  const all = dimension.to - dimension.from + 1
  return Math.min(all, dimension.points ?? all)
}

/** Both ends of a range and what lies evenly between them, on its own scale. */
function valuesOf(dimension: Dimension): readonly Setting[] {
  if (dimension.kind === 'choice') return dimension.values
  const { kind, from, to } = dimension
  const last = countOf(dimension) - 1
  return Array.from({ length: last + 1 }, (_, index) => {
    if (index === last) return to
    if (kind === 'logUniform') return from * (to / from) ** (index / last)
    const value = from + (index / last) * (to - from)
    return kind === 'integer' ? Math.round(value) : value
  })
}
