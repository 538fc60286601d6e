import { type Attributes, node as make, type Node } from '../../graph/graph.ts'
import { sameShape, sizeOf, stridesOf } from '../../graph/shapes.ts'
import { type NewBuffer, reshapedStrides, type View, wholeView } from './views.ts'

/** Where the result of an operation is written, and whether it is added to what is there. */
export interface Target {
  readonly view: View
  readonly accumulates: boolean
}

/** Where every operation writes. */
export interface Targets {
  readonly targets: Map<Node, Target>
  /** Every concat with its place, and those that write its parts there. */
  readonly joined: ReadonlyMap<Node, { readonly view: View; readonly writers: readonly Node[] }>
  /** What writes a value once more, where one place does not do. */
  readonly copies: readonly Node[]
  /** Whether a node is none that is computed: an input, a sight, or a sum of which each part is added to an output by itself. */
  isNone(node: Node): boolean
}

/** Whether an operation gives other sight of what is in memory already. */
export const isSight = ({ operation }: Node) => ['reshape', 'transpose', 'slice', 'broadcastTo'].includes(operation)
export const isGiven = ({ operation }: Node) => operation === 'input' || operation === 'constant'

/** The value itself, written once more. */
export const copyOf = (x: Node): Node => make('cast', [x], { type: x.type } as Attributes['cast'], x.shape, x.type)

/**
 * Decides from the outputs backwards where values are written: parts of a concat in their place in it, and what is read with
 * its axes in another order in that order. With `sums`, outputs are added to what they hold.
 */
export function targetsOf(
  order: readonly Node[],
  outputs: readonly Node[],
  newBuffer: NewBuffer,
  sums: boolean,
): Targets {
  const readers = new Map<Node, Node[]>()
  for (const node of order)
    for (const source of node.inputs) readers.set(source, [...(readers.get(source) ?? []), node])
  const uses = (node: Node) => (readers.get(node)?.length ?? 0) + outputs.filter(output => output === node).length

  const targets = new Map<Node, Target>()
  const joined = new Map<Node, { view: View; writers: Node[] }>()
  const copies: Node[] = []
  const dissolved = new Set<Node>()
  const isNone = (node: Node) => isSight(node) || isGiven(node) || dissolved.has(node)

  /** Has the node's value written to the view; gives what writes there. */
  function direct(node: Node, view: View, accumulates: boolean): Node[] {
    const alone = uses(node) === 1
    if (node.operation === 'reshape' && alone) {
      const strides = reshapedStrides(node.shape, view.strides, node.inputs[0].shape)
      if (strides) return direct(node.inputs[0], { ...view, shape: node.inputs[0].shape, strides }, accumulates)
    }
    if (node.operation === 'concat' && !joined.has(node) && (alone || !accumulates))
      return join(node, view, accumulates)
    if (node.operation === 'add' && alone && accumulates && node.inputs[0] !== node.inputs[1]) {
      const [a, b] = node.inputs
      const parts = [a, b].every(part => uses(part) === 1 && sameShape(part.shape, node.shape) && !isGiven(part))
      if (parts && [a, b].some(part => part.operation === 'matmul' || part.operation === 'scatterAdd')) {
        dissolved.add(node)
        return [...direct(a, view, true), ...direct(b, view, true)]
      }
    }
    const takes = node.operation !== 'matmul' || view.strides.at(-1) === 1 || node.shape.at(-1) === 1
    const free = !isSight(node) && !isGiven(node) && node.operation !== 'concat' && !targets.has(node) && takes
    // What others read, too, must be the value, and not a sum that it was added to.
    const writer = free && (alone || !accumulates) ? node : copyOf(node)
    if (writer !== node) {
      copies.push(writer)
      readers.set(node, [...(readers.get(node) ?? []), writer])
    }
    targets.set(writer, { view, accumulates })
    return [writer]
  }

  function join(node: Node, view: View, accumulates: boolean): Node[] {
    const { axis } = node.attributes as Attributes['concat']
    const writers: Node[] = []
    joined.set(node, { view, writers })
    let start = 0
    for (const part of node.inputs) {
      const offset = view.offset + start * view.strides[axis]
      writers.push(...direct(part, { ...view, offset, shape: part.shape }, accumulates))
      start += part.shape[axis]
    }
    return writers
  }

  /** The order of axes in which a node is wanted without gaps, if it is read so. */
  function wantedStrides(node: Node): number[] {
    for (const reader of readers.get(node) ?? []) {
      if (reader.operation !== 'transpose') continue
      const { permutation } = reader.attributes
      const strides = stridesOf(reader.shape)
      const wanted = node.shape.map((_, axis) => strides[permutation.indexOf(axis)])
      if (wanted.at(-1) !== 1) continue
      const plain = stridesOf(node.shape)
      const seen = permutation.map(axis => plain[axis])
      const broken = (readers.get(reader) ?? []).some(
        ({ operation, shape }) => operation === 'reshape' && !reshapedStrides(reader.shape, seen, shape),
      )
      if (broken) return wanted
    }
    return stridesOf(node.shape)
  }

  for (const [index, node] of outputs.entries())
    direct(node, wholeView(newBuffer('output', index, sizeOf(node.shape)), node.shape), sums)
  for (const node of [...order].reverse()) {
    if (isNone(node) || targets.has(node) || joined.has(node)) continue
    const buffer = newBuffer('scratch', 0, sizeOf(node.shape))
    const view = { buffer, offset: 0, shape: node.shape, strides: wantedStrides(node) }
    if (node.operation === 'concat') join(node, view, false)
    else targets.set(node, { view, accumulates: false })
  }

  return { targets, joined, copies, isNone }
}
