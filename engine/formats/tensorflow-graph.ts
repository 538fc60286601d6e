/** A tensor of a graph: the name of the node that gives it. */
export type Name = string

type Attribute = Readonly<Record<string, unknown>>

export interface GraphNode {
  readonly name: Name
  readonly op: string
  readonly input: readonly Name[]
  readonly attr: Readonly<Record<string, Attribute>>
}

export interface WeightEntry {
  readonly name: Name
  readonly shape: readonly number[]
  readonly dtype: 'float32' | 'int32'
}

/** Its numbers are read when the model is written. */
interface StoredWeight extends WeightEntry {
  read(): Promise<Float32Array | Int32Array>
}

const FLOAT = { type: 'DT_FLOAT' }
const INT32 = { type: 'DT_INT32' }
const shapeOf = (sizes: readonly number[]) => ({ shape: { dim: sizes.map(size => ({ size: String(size) })) } })

/** Builds a TensorFlow GraphDef as TensorFlow.js reads it (tfjs-converter, `model.json`), node by node. */
export function graphBuilder() {
  const nodes: GraphNode[] = []
  const weights: StoredWeight[] = []
  const stored = new Set<Name>()

  const node = (op: string, input: readonly Name[], attr: GraphNode['attr'] = { T: FLOAT }): Name => {
    const name = `n${nodes.length}`
    nodes.push({ name, op, input, attr })
    return name
  }
  const weight = ({ name, dtype, ...entry }: StoredWeight): Name => {
    if (stored.has(name)) return name
    stored.add(name)
    nodes.push({
      name,
      op: 'Const',
      input: [],
      attr: { dtype: dtype === 'float32' ? FLOAT : INT32, value: { tensor: {} } },
    })
    weights.push({ name, dtype, ...entry })
    return name
  }
  const constant = (name: Name, shape: readonly number[], data: Float32Array | Int32Array): Name =>
    weight({ name, shape, dtype: data instanceof Float32Array ? 'float32' : 'int32', read: async () => data })
  const integers = (...values: number[]): Name =>
    constant(`integers/${values.join('_')}`, [values.length], Int32Array.from(values))

  return {
    nodes,
    weights,
    weight,
    constant,
    scalar: (value: number): Name => constant(`scalar/${value}`, [], Float32Array.of(value)),
    input(name: Name, shape: readonly number[]): Name {
      nodes.push({ name, op: 'Placeholder', input: [], attr: { dtype: INT32, shape: shapeOf(shape) } })
      return name
    },
    output(name: Name, from: Name): void {
      nodes.push({ name, op: 'Identity', input: [from], attr: { T: FLOAT } })
    },
    operator: node,
    gather(table: Name, ids: Name): Name {
      const axis = constant('axis/0', [], Int32Array.of(0))
      return node('GatherV2', [table, ids, axis], { Tparams: FLOAT, Tindices: INT32, Taxis: INT32 })
    },
    reshape: (x: Name, ...shape: number[]): Name =>
      node('Reshape', [x, integers(...shape)], { T: FLOAT, Tshape: INT32 }),
    transpose: (x: Name, ...axes: number[]): Name =>
      node('Transpose', [x, integers(...axes)], { T: FLOAT, Tperm: INT32 }),
    /** Over the last axis, which stays with length 1. */
    mean: (x: Name): Name => node('Mean', [x, integers(-1)], { T: FLOAT, Tidx: INT32, keep_dims: { b: true } }),
    /** The last axis from `begin`, so long; the others whole. */
    slice(x: Name, axes: number, begin: number, length: number): Name {
      const starts = Array.from({ length: axes }, (_, axis) => (axis === axes - 1 ? begin : 0))
      const sizes = Array.from({ length: axes }, (_, axis) => (axis === axes - 1 ? length : -1))
      return node('Slice', [x, integers(...starts), integers(...sizes)], { T: FLOAT, Index: INT32 })
    },
    concat(parts: readonly Name[]): Name {
      const axis = constant('axis/last', [], Int32Array.of(-1))
      return node('ConcatV2', [...parts, axis], { T: FLOAT, Tidx: INT32, N: { i: String(parts.length) } })
    },
    /** Of matrices; the second may be turned. */
    product: (a: Name, b: Name, isTurned = false): Name =>
      node('BatchMatMulV2', [a, b], { T: FLOAT, adj_x: { b: false }, adj_y: { b: isTurned } }),
  }
}

export type GraphBuilder = ReturnType<typeof graphBuilder>
