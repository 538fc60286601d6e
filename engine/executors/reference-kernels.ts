import type { Node, NodeOf, Operation } from '../graph/graph.ts'
import { sizeOf, stridesOf } from '../graph/shapes.ts'
import { erf, fill, logSumExp, reader, rowsOf } from './reference-loops.ts'

type Kernel<O extends Operation> = (y: NodeOf<O>, inputs: readonly Float64Array[]) => Float64Array

type Elementwise =
  | 'add'
  | 'subtract'
  | 'multiply'
  | 'divide'
  | 'minimum'
  | 'maximum'
  | 'greater'
  | 'equal'
  | 'where'
  | 'swiglu'

const elementwise =
  (f: (...values: number[]) => number): Kernel<Elementwise> =>
  (y, inputs) => {
    const readers = inputs.map((x, i) => reader(x, y.inputs[i].shape))
    return fill(y.shape, at => f(...readers.map(read => read(at))))
  }

const map =
  (f: (x: number) => number): Kernel<Operation> =>
  (_, [x]) =>
    x.map(f)

const reduce =
  (start: number, f: (a: number, b: number) => number): Kernel<'sum' | 'max'> =>
  ({ inputs: [{ shape }], attributes: { axes } }, [x]) => {
    const keptShape = shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
    const keptStrides = stridesOf(keptShape)
    const out = new Float64Array(sizeOf(keptShape)).fill(start)
    const read = reader(x, shape)
    fill(shape, at => {
      const index = at.reduce((sum, i, axis) => sum + (axes.includes(axis) ? 0 : i * keptStrides[axis]), 0)
      out[index] = f(out[index], read(at))
      return 0
    })
    return out
  }

const meanSquare = (row: Float64Array) => row.reduce((sum, value) => sum + value ** 2, 0) / row.length

const matmul: Kernel<'matmul'> = ({ shape, inputs, attributes: { transposeA, transposeB } }, [a, b]) => {
  const [readA, readB] = [reader(a, inputs[0].shape), reader(b, inputs[1].shape)]
  const inner = inputs[0].shape.at(transposeA ? -2 : -1)!
  return fill(shape, at => {
    const batch = at.slice(0, -2)
    const [row, column] = at.slice(-2)
    let sum = 0
    for (let k = 0; k < inner; k++) {
      sum +=
        readA([...batch, ...(transposeA ? [k, row] : [row, k])]) *
        readB([...batch, ...(transposeB ? [column, k] : [k, column])])
    }
    return sum
  })
}

const kernels: { readonly [O in Exclude<Operation, 'input'>]: Kernel<O> } = {
  constant: ({ attributes: { data } }) => Float64Array.from(data),
  add: elementwise((a, b) => a + b),
  subtract: elementwise((a, b) => a - b),
  multiply: elementwise((a, b) => a * b),
  divide: elementwise((a, b) => a / b),
  minimum: elementwise(Math.min),
  maximum: elementwise(Math.max),
  greater: elementwise((a, b) => (a > b ? 1 : 0)),
  equal: elementwise((a, b) => (a === b ? 1 : 0)),
  where: elementwise((condition, a, b) => (condition !== 0 ? a : b)),
  negate: map(x => -x),
  exp: map(Math.exp),
  log: map(Math.log),
  sqrt: map(Math.sqrt),
  tanh: map(Math.tanh),
  sigmoid: map(x => 1 / (1 + Math.exp(-x))),
  relu: map(x => Math.max(x, 0)),
  erf: map(erf),
  swiglu: elementwise((x, y) => (x / (1 + Math.exp(-x))) * y),
  matmul,
  transpose({ inputs: [{ shape }], attributes: { permutation }, shape: target }, [x]) {
    const read = reader(x, shape)
    return fill(target, at => read(shape.map((_, axis) => at[permutation.indexOf(axis)])))
  },
  reshape: (_, [x]) => x,
  broadcastTo: ({ inputs: [{ shape }], shape: target }, [x]) => fill(target, reader(x, shape)),
  sum: reduce(0, (a, b) => a + b),
  max: reduce(-Infinity, Math.max),
  gather({ inputs: [table] }, [x, indices]) {
    const rows = rowsOf(x, table.shape[1])
    return Float64Array.from([...indices].flatMap(index => [...rows[index]]))
  },
  scatterAdd({ shape }, [indices, updates]) {
    const out = new Float64Array(sizeOf(shape))
    const targets = rowsOf(out, shape[1])
    for (const [i, row] of rowsOf(updates, shape[1]).entries())
      row.forEach((x, k) => {
        targets[indices[i]][k] += x
      })
    return out
  },
  takeAt: ({ inputs: [{ shape }] }, [x, indices]) => indices.map((index, row) => x[row * shape[1] + index]),
  addAt({ shape }, [x, indices, values]) {
    const out = x.slice()
    for (const [row, index] of indices.entries()) out[row * shape[1] + index] += values[row]
    return out
  },
  slice({ inputs: [{ shape }], attributes: { starts }, shape: target }, [x]) {
    const read = reader(x, shape)
    return fill(target, at => read(at.map((i, axis) => i + starts[axis])))
  },
  pad({ inputs: [{ shape }], attributes: { before }, shape: target }, [x]) {
    const read = reader(x, shape)
    const within = (i: number, axis: number) => i >= before[axis] && i < before[axis] + shape[axis]
    return fill(target, at => (at.every(within) ? read(at.map((i, axis) => i - before[axis])) : 0))
  },
  concat({ inputs, attributes: { axis }, shape: target }, parts) {
    const readers = parts.map((part, i) => reader(part, inputs[i].shape))
    return fill(target, at => {
      let [part, along] = [0, at[axis]]
      while (along >= inputs[part].shape[axis]) along -= inputs[part++].shape[axis]
      return readers[part](at.with(axis, along))
    })
  },
  cast: ({ type }, [x]) => (type === 'int32' ? x.map(Math.trunc) : x),
  softmax({ shape }, [x]) {
    const rows = rowsOf(x, shape.at(-1)!)
    return Float64Array.from(
      rows.flatMap(row => {
        const total = logSumExp(row)
        return [...row.map(value => Math.exp(value - total))]
      }),
    )
  },
  rotate({ shape, inputs }, [x, cosines, sines]) {
    const half = shape[3] / 2
    const [readX, cosine, sine] = [x, cosines, sines].map((data, i) => reader(data, inputs[i].shape))
    return fill(shape, ([batch, head, token, element]) => {
      const first = element < half
      const pair = first ? element : element - half
      const partner = readX([batch, head, token, first ? element + half : pair])
      const own = readX([batch, head, token, element])
      return own * cosine([token, pair]) + (first ? -1 : 1) * partner * sine([token, pair])
    })
  },
  reciprocalRms: ({ inputs: [{ shape }], attributes: { epsilon } }, [x]) =>
    Float64Array.from(rowsOf(x, shape.at(-1)!), row => 1 / Math.sqrt(meanSquare(row) + epsilon)),
  rmsNorm({ shape, attributes: { epsilon } }, [x, weight]) {
    const rows = rowsOf(x, shape.at(-1)!)
    const normalized = rows.flatMap(row => {
      const root = Math.sqrt(meanSquare(row) + epsilon)
      return [...row.map((value, i) => (value * weight[i]) / root)]
    })
    return Float64Array.from(normalized)
  },
  logSumExp: ({ inputs: [{ shape }] }, [x]) => Float64Array.from(rowsOf(x, shape.at(-1)!), logSumExp),
}

export function evaluate(node: Exclude<Node, { operation: 'input' }>, inputs: readonly Float64Array[]): Float64Array {
  const kernel = kernels[node.operation] as Kernel<Operation>
  return kernel(node, inputs)
}
