import { EngineError } from '../errors.ts'
import type { MergeMethod, Parameters, Values } from './merge-method.ts'
import { mergeMethodNamed } from './methods.ts'
import { type ModelTensors, requireOneArchitecture } from './model-tensors.ts'
import type { Recipe, Settings } from './recipe.ts'
import { type Place, valuesAt } from './settings.ts'

/** A tensor of one of the models. */
export interface TensorSource {
  readonly model: string
  readonly tensor: string
}

/** One tensor of the result, and what it is made of. */
export interface PlannedTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly base: TensorSource | null
  readonly sources: readonly TensorSource[]
  readonly shared: Values
  readonly each: readonly Values[]
}

export interface MergePlan {
  readonly method: MergeMethod
  readonly layers: number
  readonly tensors: readonly PlannedTensor[]
}

/** A slice as both `models` and `slices` give it. */
interface Slice {
  readonly base: string | undefined
  readonly sources: readonly {
    readonly model: string
    readonly range: readonly [number, number]
    readonly own?: Settings
  }[]
  readonly shared?: Settings
}

/**
 * Which tensors of which models make each tensor of the result, in the order of the forward pass. Everything that can
 * be wrong with a recipe is found here, before a number is read: throws INVALID_INPUT naming it.
 */
export function planMerge(recipe: Recipe, models: ReadonlyMap<string, ModelTensors>): MergePlan {
  const method = mergeMethodNamed(recipe.merge_method)
  requireOneArchitecture(models, recipe.models !== undefined)
  requireKnown(method, recipe)
  const slices = slicesOf(recipe, models)
  const plan = { method, global: recipe.parameters, models }

  const [first, last] = [slices[0]!, slices.at(-1)!]
  const outer = models.get(first.sources[0]!.model)!.outer
  const tensors = [...outer.before.map(name => planned(plan, first, { tensor: name, depth: 0 }, () => name))]
  let layers = 0
  for (const slice of slices) {
    const length = lengthOf(slice, models)
    for (let index = 0; index < length; index++, layers++) {
      const depth = length > 1 ? index / (length - 1) : 1
      for (const part of partsOf(slice, models)) {
        const place = { tensor: `${outer.prefix}${layers}.${part}`, depth }
        tensors.push(planned(plan, slice, place, start => `${outer.prefix}${start + index}.${part}`))
      }
    }
  }
  for (const name of outer.after) tensors.push(planned(plan, last, { tensor: name, depth: 1 }, () => name))
  return { method, layers, tensors }
}

interface Planning {
  readonly method: MergeMethod
  readonly global: Settings | undefined
  readonly models: ReadonlyMap<string, ModelTensors>
}

/** `nameIn` gives the tensor's name in a model whose layers of the slice start there. */
function planned(
  { method, global, models }: Planning,
  slice: Slice,
  place: Place,
  nameIn: (start: number) => string,
): PlannedTensor {
  const baseSource = slice.sources.find(({ model }) => model === slice.base)
  const isApart = method.base !== 'none'
  const chosen = slice.sources.filter(source => !(isApart && source === baseSource))
  const sourceOf = ({ model, range }: { model: string; range: readonly [number, number] }) => ({
    model,
    tensor: nameIn(range[0]),
  })
  const base = isApart && slice.base !== undefined ? sourceOf(baseSource ?? baseBeside(slice, slice.base)) : null
  if (method.base === 'paired' && !base)
    throw invalid(`${method.name} begins at one of its two models: name it as base_model`)
  if (method.base === 'task' && !base) throw invalid(`${method.name} needs a base_model: name it`)
  const sources = [...(method.base === 'paired' ? [base!] : []), ...chosen.map(sourceOf)]

  const shapes = [...(base ? [base] : []), ...sources].map(source => shapeOf(models, source))
  const other = shapes.findIndex(shape => shape.join() !== shapes[0]!.join())
  if (other > 0)
    throw invalid(
      `${place.tensor} is of shapes [${shapes[0]}] and [${shapes[other]}]: only models of one architecture can be merged`,
    )
  requireCount(method, method.base === 'paired' ? chosen.length + 1 : chosen.length)
  const own = method.base === 'paired' ? [undefined, ...chosen.map(({ own }) => own)] : chosen.map(({ own }) => own)
  return {
    name: place.tensor,
    shape: shapes[0]!,
    base: method.base === 'paired' ? null : base,
    sources,
    shared: valuesAt(method.shared, [slice.shared, global], place),
    each: own.map(settings => valuesAt(method.each, [settings, slice.shared, global], place)),
  }
}

function slicesOf({ base_model, models, slices }: Recipe, all: ReadonlyMap<string, ModelTensors>): readonly Slice[] {
  const whole = (model: string) => [0, all.get(model)!.layers] as const
  if (models) {
    const sources = models.map(({ model, parameters: own }) => ({ model, range: whole(model), own }))
    return [{ base: base_model, sources }]
  }
  return slices!.map(({ sources, parameters: shared, base_model: base = base_model }) => ({
    base,
    shared,
    sources: sources.map(({ model, layer_range: range, parameters: own }) => ({ model, range, own })),
  }))
}

/** A base that is not among the sources takes part with the layers that these name, if they name the same. */
function baseBeside({ sources: [first, ...others] }: Slice, model: string) {
  if (others.every(({ range }) => range.join() === first!.range.join())) return { model, range: first!.range }
  throw invalid(`the slice takes different layers of its models: list ${model} with its layer_range among the sources`)
}

function lengthOf({ sources }: Slice, models: ReadonlyMap<string, ModelTensors>): number {
  const lengths = sources.map(({ model, range: [from, to] }) => {
    const { layers } = models.get(model)!
    if (from < to && to <= layers) return to - from
    throw invalid(
      `layer_range [${from}, ${to}] of ${model} does not fit: it has the layers 0 to ${layers}, the end not included`,
    )
  })
  if (lengths.every(length => length === lengths[0])) return lengths[0]!
  throw invalid(
    `the sources of a slice have ${lengths.join(' and ')} layers: it merges layer by layer, so give equally many`,
  )
}

/** What a layer consists of: the same in every source. */
function partsOf({ sources }: Slice, models: ReadonlyMap<string, ModelTensors>): readonly string[] {
  const [first, ...others] = sources.map(({ model }) => models.get(model)!.parts)
  for (const parts of others) {
    const missing = first!.find(part => !parts.includes(part)) ?? parts.find(part => !first!.includes(part))
    if (missing)
      throw invalid(
        `only some of the models have ${missing} in their layers: only models of one architecture can be merged`,
      )
  }
  return first!
}

function shapeOf(models: ReadonlyMap<string, ModelTensors>, { model, tensor }: TensorSource): readonly number[] {
  const shape = models.get(model)!.shapes.get(tensor)
  if (shape) return shape
  throw invalid(
    `${model} has no tensor ${tensor}, which the other models have: is it whole, and of their architecture?`,
  )
}

function requireCount({ name, models: [from, to] }: MergeMethod, count: number): void {
  if (count >= from && count <= to) return
  const wanted = from === to ? `exactly ${from}` : to === Infinity ? `at least ${from}` : `${from} to ${to}`
  throw invalid(
    `${name} merges ${wanted} models${name === 'passthrough' ? ' in a slice' : ''}, and the recipe gives it ${count}`,
  )
}

/** A parameter that the method does not have would do nothing, unseen. */
function requireKnown({ name, shared, each }: MergeMethod, { parameters, models = [], slices = [] }: Recipe): void {
  const check = (known: Parameters, ...scopes: readonly (Settings | undefined)[]) => {
    for (const key of scopes.flatMap(scope => Object.keys(scope ?? {}))) {
      // mergekit's, to save memory: it changes no result.
      if (key in known || key === 'int8_mask') continue
      throw invalid(`${name} has no parameter ${key} here: it takes ${Object.keys(known).join(', ') || 'none'}`)
    }
  }
  check({ ...shared, ...each }, parameters, ...slices.map(slice => slice.parameters))
  check(each, ...[...models, ...slices.flatMap(({ sources }) => sources)].map(source => source.parameters))
}

const invalid = (message: string) => new EngineError('INVALID_INPUT', message)
