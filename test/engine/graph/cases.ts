import * as composed from '../../../engine/graph/composed.ts'
import {
  constant,
  type ElementData,
  input,
  type Node,
  type Operation,
  type Shape,
} from '../../../engine/graph/graph.ts'
import * as ops from '../../../engine/graph/operations.ts'
import { sizeOf } from '../../../engine/graph/shapes.ts'

/** A deterministic source of numbers in [0, 1) (mulberry32), so that a failure can be repeated. */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** One expression over random shapes, with the data of its inputs. */
export interface Case {
  readonly output: Node
  readonly feeds: Readonly<Record<string, ElementData>>
  readonly inputs: readonly Node[]
}

/** Draws inputs for a case. Every number is far from the kinks of relu, maximum and the like. */
class Draw {
  readonly feeds: Record<string, ElementData> = {}
  readonly inputs: Node[] = []
  readonly random: () => number
  readonly #prefix: string

  constructor(random: () => number, prefix: string) {
    this.random = random
    this.#prefix = prefix
  }

  size = (largest = 4) => 1 + Math.floor(this.random() * largest)
  shape = (rank = this.size(3)): number[] => Array.from({ length: rank }, () => this.size())

  /** A shape that broadcasts with the given one, itself unless axes fall away or become 1. */
  partner(shape: Shape): number[] {
    const dropped = Math.floor(this.random() * (shape.length + 1))
    return shape.slice(this.random() < 0.5 ? 0 : dropped).map(size => (this.random() < 0.3 ? 1 : size))
  }

  float(shape: Shape, [low, high] = [-2, 2]): Node {
    const data = Float32Array.from({ length: sizeOf(shape) }, () => low + (high - low) * this.random())
    return this.#take(shape, data)
  }

  /** All different, and at least 0.05 apart. */
  distinct(shape: Shape): Node {
    const steps = Array.from({ length: sizeOf(shape) }, (_, i) => i - sizeOf(shape) / 2 + 0.3)
    const shuffled = steps.map(step => ({ step, key: this.random() })).sort((a, b) => a.key - b.key)
    return this.#take(
      shape,
      Float32Array.from(shuffled, ({ step }) => step * 0.1),
    )
  }

  int(shape: Shape, below: number): Node {
    const data = Int32Array.from({ length: sizeOf(shape) }, () => Math.floor(this.random() * below))
    return this.#take(shape, data)
  }

  #take(shape: Shape, data: ElementData): Node {
    const name = `${this.#prefix}x${this.inputs.length}`
    const node = input(name, shape, data instanceof Int32Array ? 'int32' : 'float32')
    this.feeds[name] = data
    this.inputs.push(node)
    return node
  }
}

type Build = (draw: Draw) => Node

const unary =
  (operation: (x: Node) => Node, range?: [number, number]): Build =>
  draw =>
    operation(draw.float(draw.shape(), range))

const binary =
  (operation: (a: Node, b: Node) => Node, range?: [number, number]): Build =>
  draw => {
    const shape = draw.shape()
    const [a, b] = draw.random() < 0.5 ? [shape, draw.partner(shape)] : [draw.partner(shape), shape]
    return operation(draw.float(a, range), draw.float(b, range))
  }

const reduction =
  (operation: typeof ops.sum): Build =>
  draw => {
    const shape = draw.shape(draw.size(4))
    const axes = [...shape.keys()].filter(() => draw.random() < 0.5)
    return operation(draw.distinct(shape), axes, draw.random() < 0.5)
  }

function matmul(draw: Draw): Node {
  const [m, k, n] = [draw.size(), draw.size(), draw.size()]
  const [transposeA, transposeB] = [draw.random() < 0.5, draw.random() < 0.5]
  const batch = Array.from({ length: draw.size(3) - 1 }, () => 1 + draw.size(2))
  const [left, right] = draw.random() < 0.5 ? [batch, draw.partner(batch)] : [draw.partner(batch), batch]
  const a = [...left, ...(transposeA ? [k, m] : [m, k])]
  const b = [...right, ...(transposeB ? [n, k] : [k, n])]
  return ops.matmul(draw.float(a), draw.float(b), { transposeA, transposeB })
}

function transpose(draw: Draw): Node {
  const shape = draw.shape(draw.size(4))
  const order = shape.map((_, axis) => ({ axis, key: draw.random() })).sort((a, b) => a.key - b.key)
  return ops.transpose(
    draw.float(shape),
    order.map(({ axis }) => axis),
  )
}

function slice(draw: Draw): Node {
  const shape = draw.shape()
  const starts = shape.map(size => Math.floor(draw.random() * size))
  const ends = shape.map((size, axis) => starts[axis] + 1 + Math.floor(draw.random() * (size - starts[axis])))
  return ops.slice(draw.float(shape), starts, ends)
}

function concat(draw: Draw): Node {
  const shape = draw.shape()
  const axis = Math.floor(draw.random() * shape.length)
  const parts = Array.from({ length: draw.size(3) }, () => draw.float(shape.with(axis, draw.size())))
  return ops.concat(parts, axis)
}

function crossEntropy(draw: Draw): Node {
  const [rows, classes] = [draw.shape(2), 1 + draw.size()]
  const logits = draw.float([...rows, classes])
  const targets = draw.int(rows, classes)
  return draw.random() < 0.5 ? composed.crossEntropy(logits, targets) : composed.crossEntropy(logits, targets, -1)
}

/** Every primitive but inputs and constants. */
export const primitives: { readonly [O in Exclude<Operation, 'input' | 'constant'>]: Build } = {
  add: binary(ops.add),
  subtract: binary(ops.subtract),
  multiply: binary(ops.multiply),
  divide: binary(ops.divide, [0.5, 2]),
  minimum: binary(ops.minimum),
  maximum: binary(ops.maximum),
  greater: binary((a, b) => ops.cast(ops.greater(a, b), 'float32')),
  equal: draw => ops.equal(draw.int([3, 4], 2), draw.int([4], 2)),
  negate: unary(ops.negate),
  exp: unary(ops.exp),
  log: unary(ops.log, [0.3, 3]),
  sqrt: unary(ops.sqrt, [0.3, 3]),
  tanh: unary(ops.tanh),
  sigmoid: unary(ops.sigmoid),
  relu: draw => ops.relu(draw.distinct(draw.shape())),
  erf: unary(ops.erf),
  where(draw) {
    const shape = draw.shape()
    return ops.where(draw.int(draw.partner(shape), 2), draw.float(draw.partner(shape)), draw.float(shape))
  },
  matmul,
  transpose,
  reshape: draw => ops.reshape(draw.float([2, draw.size(), 6]), [3, -1, 2]),
  broadcastTo(draw) {
    const shape = draw.shape()
    return ops.broadcastTo(draw.float(draw.partner(shape)), shape)
  },
  sum: reduction(ops.sum),
  max: reduction(ops.max),
  gather: draw => ops.gather(draw.float([5, draw.size()]), draw.int(draw.shape(2), 5)),
  scatterAdd(draw) {
    const indices = draw.int(draw.shape(2), 5)
    return ops.scatterAdd(indices, draw.float([...indices.shape, draw.size()]), 5)
  },
  takeAt: draw => ops.takeAt(draw.float([4, 3]), draw.int([4], 3)),
  addAt: draw => ops.addAt(draw.float([4, 3]), draw.int([4], 3), draw.float([4])),
  slice,
  pad(draw) {
    const shape = draw.shape()
    return ops.pad(
      draw.float(shape),
      shape.map(() => draw.size(3) - 1),
      shape.map(() => draw.size(3) - 1),
    )
  },
  concat,
  cast: draw => ops.cast(draw.int(draw.shape(), 9), 'float32'),
  swiglu(draw) {
    const shape = draw.shape()
    return ops.swiglu(draw.float(shape), draw.float(shape))
  },
  softmax: unary(ops.softmax),
  logSumExp: unary(ops.logSumExp),
  rotate(draw) {
    const [tokens, half] = [draw.size(), draw.size()]
    const angles = () => constant(Float32Array.from({ length: tokens * half }, draw.random), [tokens, half])
    return ops.rotate(draw.float([draw.size(2), draw.size(2), tokens, 2 * half]), angles(), angles())
  },
  reciprocalRms: unary(x => ops.reciprocalRms(x), [0.3, 2]),
  rmsNorm(draw) {
    const shape = draw.shape(3)
    return ops.rmsNorm(draw.float(shape), draw.float(shape.slice(-1)))
  },
}

/** The parts of an array, put together again by adding them within zeros. */
function halves(draw: Draw): Node {
  const [rows, left, right] = [draw.size(), draw.size(), draw.size()]
  const zeros = [draw.size(3) - 1, draw.size(3) - 1]
  const within = (part: Node, before: number, after: number) =>
    ops.pad(part, [zeros[0], before + zeros[1]], [1, after + zeros[0]])
  return ops.add(within(draw.float([rows, right]), left, 0), within(draw.float([rows, left]), 0, right))
}

export const compositions: { readonly [name: string]: Build } = {
  halves,
  mean: reduction(composed.mean),
  square: unary(composed.square),
  reciprocal: unary(composed.reciprocal, [0.5, 2]),
  gelu: unary(composed.gelu),
  logSoftmax: unary(composed.logSoftmax),
  crossEntropy,
}

/** Names of inputs begin with the prefix, so that several cases can be in one graph. */
export function drawCase(build: Build, seed: number, prefix = ''): Case {
  const draw = new Draw(seeded(seed), prefix)
  const output = build(draw)
  return { output, feeds: draw.feeds, inputs: draw.inputs }
}
