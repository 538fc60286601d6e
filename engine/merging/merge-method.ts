import { EngineError } from '../errors.ts'
import type { Tensor } from '../formats/safetensors.ts'
import type { Random } from '../random.ts'

/** A number or a switch that a recipe sets; without a default it must. */
export interface Parameter<T extends number | boolean = number | boolean> {
  readonly kind: T extends number ? 'number' : 'boolean'
  readonly default?: T
  /** Both included. */
  readonly from?: number
  readonly to?: number
}

export const number = (options: Omit<Parameter<number>, 'kind'> = {}): Parameter<number> => ({
  kind: 'number',
  ...options,
})
export const flag = (value: boolean): Parameter<boolean> => ({ kind: 'boolean', default: value })

export type Parameters = Readonly<Record<string, Parameter<number> | Parameter<boolean>>>
/** As a recipe gives them. */
export type Values = Readonly<Record<string, number | boolean>>
type ValuesOf<P extends Parameters> = {
  readonly [Name in keyof P]: P[Name] extends Parameter<number> ? number : boolean
}

/** One tensor of every model, all of one shape. */
export interface MergeInput<Shared, Each> {
  /** The base model's; null where the recipe names none. */
  readonly base: Tensor | null
  readonly models: readonly Tensor[]
  /** Values that hold for all models. */
  readonly shared: Shared
  /** Values of each model, in the order of `models`. */
  readonly each: readonly Each[]
  /** Draws the masks of DARE and DELLA; nothing else is random. */
  readonly random: Random
}

/**
 * What the base model is to a method: `task` subtracts it from every model, so it is needed and never one of them;
 * `paired` is one of the two that are merged, the one that the method starts from; `optional` is subtracted where it is
 * there; `none` ignores it.
 */
export type BaseRole = 'task' | 'paired' | 'optional' | 'none'

interface Definition<S extends Parameters, E extends Parameters> {
  /** As mergekit's recipes call it. */
  readonly name: string
  readonly base: BaseRole
  /** How many models it takes, the base of `task` and `optional` not counted; both included. */
  readonly models: readonly [number, number]
  readonly shared: S
  readonly each: E
  /** Computes in 64 bits and rounds once. */
  merge(input: MergeInput<ValuesOf<S>, ValuesOf<E>>): Tensor
}

/** A merge method whose parameters are known by name only, as a recipe gives them. */
export interface MergeMethod extends Omit<Definition<Parameters, Parameters>, 'merge'> {
  /** Throws INVALID_INPUT on a number of models or on shapes that cannot be merged. */
  merge(input: MergeInput<Values, Values>): Tensor
}

export function mergeMethod<S extends Parameters, E extends Parameters>(definition: Definition<S, E>): MergeMethod {
  return {
    ...definition,
    merge(input) {
      requireModels(definition, input)
      return definition.merge(input as MergeInput<ValuesOf<S>, ValuesOf<E>>)
    },
  }
}

type Taken = Pick<MergeMethod, 'name' | 'base' | 'models'>

function requireModels({ name, base: role, models: [from, to] }: Taken, input: MergeInput<unknown, unknown>): void {
  const { base, models } = input
  if (models.length < from || models.length > to) {
    const wanted = from === to ? `exactly ${from}` : to === Infinity ? `at least ${from}` : `${from} to ${to}`
    throw new EngineError('INVALID_INPUT', `${name} merges ${wanted} models and was given ${models.length}`)
  }
  if (role === 'task' && !base) throw new EngineError('INVALID_INPUT', `${name} needs a base model: name it`)
  const [first, ...others] = base && role !== 'none' ? [base, ...models] : models
  const other = others.find(({ shape }) => shape.join() !== first!.shape.join())
  if (!other) return
  const shapes = `[${first!.shape}] and [${other.shape}]`
  throw new EngineError('INVALID_INPUT', `the shapes ${shapes} differ: only models of one architecture can be merged`)
}

/** A tensor like `model` of other numbers. */
export const like = ({ shape }: Tensor, data: Float32Array): Tensor => ({ shape, data })
