import { EngineError } from '../errors.ts'
import { describeShape, type Shape, sizeOf } from './shapes.ts'

export type { Shape }
export type ElementType = 'float32' | 'int32'
export type ElementData = Float32Array | Int32Array

type None = Readonly<Record<never, never>>
type Reduction = { readonly axes: readonly number[]; readonly keepDims: boolean }

/** Every primitive operation, and what it needs to know beside its inputs. */
export interface Attributes {
  input: { readonly name: string }
  constant: { readonly data: ElementData }
  add: None
  subtract: None
  multiply: None
  divide: None
  minimum: None
  maximum: None
  greater: None
  equal: None
  negate: None
  exp: None
  log: None
  sqrt: None
  tanh: None
  sigmoid: None
  relu: None
  erf: None
  where: None
  matmul: { readonly transposeA: boolean; readonly transposeB: boolean }
  transpose: { readonly permutation: readonly number[] }
  reshape: { readonly shape: Shape }
  broadcastTo: { readonly shape: Shape }
  sum: Reduction
  max: Reduction
  gather: None
  scatterAdd: { readonly rows: number }
  takeAt: None
  addAt: None
  slice: { readonly starts: readonly number[]; readonly ends: readonly number[] }
  pad: { readonly before: readonly number[]; readonly after: readonly number[] }
  concat: { readonly axis: number }
  cast: { readonly type: ElementType }
  swiglu: None
  softmax: None
  logSumExp: None
  reciprocalRms: { readonly epsilon: number }
  rmsNorm: { readonly epsilon: number }
  rotate: None
}

export type Operation = keyof Attributes

export interface NodeOf<O extends Operation> {
  /** Grows with creation: a node's inputs always have smaller ids, so ascending ids are a topological order. */
  readonly id: number
  readonly operation: O
  readonly inputs: readonly Node[]
  readonly attributes: Attributes[O]
  readonly shape: Shape
  readonly type: ElementType
}

/** A union, so that a `switch` over `operation` narrows `attributes`. */
export type Node = { [O in Operation]: NodeOf<O> }[Operation]

export interface Graph {
  readonly inputs: Readonly<Record<string, Node>>
  readonly outputs: Readonly<Record<string, Node>>
}

let created = 0

/** Makes a node as it is told: only operations.ts and simplify.ts, which know the shapes, call it. */
export function node<O extends Operation>(
  operation: O,
  inputs: readonly Node[],
  attributes: Attributes[O],
  shape: Shape,
  type: ElementType,
): Node {
  return { id: created++, operation, inputs, attributes, shape, type } as unknown as Node
}

/** A value given at each run. */
export function input(name: string, shape: Shape, type: ElementType = 'float32'): Node {
  if (shape.some(size => !Number.isInteger(size) || size < 1))
    throw new EngineError(
      'INVALID_INPUT',
      `Input "${name}" has shape ${describeShape(shape)}; every size must be a whole number above 0.`,
    )
  return node('input', [], { name }, [...shape], type)
}

/** A value known when the graph is built. A number is a float32 scalar; an array without a shape is a vector. */
export function constant(data: ElementData | number, shape?: Shape): Node {
  const values = typeof data === 'number' ? Float32Array.of(data) : data
  const own = shape ?? (typeof data === 'number' ? [] : [data.length])
  if (sizeOf(own) !== values.length)
    throw new EngineError('INVALID_INPUT', `${values.length} values do not fill the shape ${describeShape(own)}.`)
  return node('constant', [], { data: values }, [...own], values instanceof Int32Array ? 'int32' : 'float32')
}

/** Every node that the given ones need, themselves included, each after its inputs. */
export function topologicalOrder(roots: readonly Node[]): Node[] {
  const seen = new Set<Node>(roots)
  // A Set iterates over what is added meanwhile.
  for (const found of seen) for (const source of found.inputs) seen.add(source)
  return [...seen].sort((a, b) => a.id - b.id)
}

/** Collects the named inputs that the outputs reach. */
export function graph(outputs: Readonly<Record<string, Node>>): Graph {
  const inputs: Record<string, Node> = {}
  for (const found of topologicalOrder(Object.values(outputs))) {
    if (found.operation !== 'input') continue
    const { name } = found.attributes
    if (name in inputs)
      throw new EngineError(
        'INVALID_INPUT',
        `Two inputs are named "${name}", of shapes ${describeShape(inputs[name].shape)} and ${describeShape(found.shape)}; a name stands for one input.`,
      )
    if (name in outputs && outputs[name] !== found)
      throw new EngineError('INVALID_INPUT', `"${name}" names both an input and an output; give them different names.`)
    inputs[name] = found
  }
  return { inputs, outputs }
}
