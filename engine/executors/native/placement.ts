import { type Attributes, node as make, type Node } from '../../graph/graph.ts'
import { sameShape, sizeOf, stridesOf } from '../../graph/shapes.ts'
import { type Buffer, broadcastStrides, reshapedStrides, type View } from './views.ts'

/** Where the result of an operation is written, and whether it is added to what is there. */
export interface Target {
  readonly view: View
  readonly accumulates: boolean
}

/** What is computed, where it goes, and how what was not computed lies in memory. */
export interface Placement {
  /** Operations that write, copies among them, each after its inputs. */
  readonly computed: readonly Node[]
  targetOf(node: Node): Target
  /** How any node's value lies in memory. */
  viewOf(node: Node): View
  /** The operations that write what is read at a node. */
  writersOf(node: Node): readonly Node[]
  readonly constants: readonly Node[]
}

/** Whether an operation gives other sight of what is in memory already. */
export const isSight = ({ operation }: Node) => ['reshape', 'transpose', 'slice', 'broadcastTo'].includes(operation)
export const isGiven = ({ operation }: Node) => operation === 'input' || operation === 'constant'

/** The value itself, written once more. */
const copyOf = (x: Node): Node => make('cast', [x], { type: x.type } as Attributes['cast'], x.shape, x.type)

/**
 * Decides from the outputs backwards where values stand: parts of a concat are written into their place in it, and what is
 * read with its axes in another order is written in that order. With `sums`, outputs are added to what they hold.
 */
export function place(
  order: readonly Node[],
  outputs: readonly Node[],
  inputs: readonly Node[],
  sums: boolean,
): Placement {
  const readers = new Map<Node, Node[]>()
  const outputCounts = new Map<Node, number>()
  for (const node of order)
    for (const source of node.inputs) readers.set(source, [...(readers.get(source) ?? []), node])
  for (const node of outputs) outputCounts.set(node, (outputCounts.get(node) ?? 0) + 1)
  const uses = (node: Node) => (readers.get(node)?.length ?? 0) + (outputCounts.get(node) ?? 0)

  const targets = new Map<Node, Target>()
  const joined = new Map<Node, { view: View; writers: Node[] }>()
  const copies = new Map<Node, Node>()
  const constants: Node[] = []
  const extra: Node[] = []
  /** Sums of which each part is added to an output by itself. */
  const dissolved = new Set<Node>()
  let buffers = 0
  const newBuffer = (kind: Buffer['kind'], index: number, length: number): Buffer => ({
    id: buffers++,
    kind,
    index,
    length,
  })
  const whole = (buffer: Buffer, node: Node): View => ({
    buffer,
    offset: 0,
    shape: node.shape,
    strides: stridesOf(node.shape),
  })

  const given = new Map<Node, View>()
  for (const [index, node] of inputs.entries())
    given.set(node, whole(newBuffer('input', index, sizeOf(node.shape)), node))
  for (const node of order)
    if (node.operation === 'constant') {
      given.set(node, whole(newBuffer('constant', constants.length, sizeOf(node.shape)), node))
      constants.push(node)
    }

  const writes = (node: Node) => !isSight(node) && !isGiven(node) && !dissolved.has(node)

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
      extra.push(writer)
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
    direct(node, whole(newBuffer('output', index, sizeOf(node.shape)), node), sums)
  for (const node of [...order].reverse()) {
    if (!writes(node) || targets.has(node) || joined.has(node)) continue
    const buffer = newBuffer('scratch', 0, sizeOf(node.shape))
    const view = { buffer, offset: 0, shape: node.shape, strides: wantedStrides(node) }
    if (node.operation === 'concat') join(node, view, false)
    else targets.set(node, { view, accumulates: false })
  }

  /** The view of a sight, or undefined where the elements do not lie so. */
  function sight(node: Node): View | undefined {
    const source = viewOf(node.inputs[0])
    const { shape } = node
    switch (node.operation) {
      case 'transpose':
        return { ...source, shape, strides: node.attributes.permutation.map(axis => source.strides[axis]) }
      case 'broadcastTo':
        return { ...source, shape, strides: broadcastStrides(source, shape) }
      case 'slice': {
        const { starts } = node.attributes
        const offset = starts.reduce((sum, start, axis) => sum + start * source.strides[axis], source.offset)
        return { ...source, offset, shape, strides: source.strides }
      }
      default: {
        const strides = reshapedStrides(source.shape, source.strides, shape)
        return strides && { ...source, shape, strides }
      }
    }
  }

  const views = new Map<Node, View>()
  function viewOf(node: Node): View {
    const known = views.get(node) ?? given.get(node) ?? joined.get(node)?.view ?? targets.get(node)?.view
    if (known) return known
    let view = sight(node)
    if (!view) {
      const copy = make('cast', node.inputs, { type: node.type } as Attributes['cast'], node.inputs[0].shape, node.type)
      const buffer = newBuffer('scratch', 0, sizeOf(node.shape))
      const target = { buffer, offset: 0, shape: copy.shape, strides: stridesOf(copy.shape) }
      targets.set(copy, { view: target, accumulates: false })
      copies.set(node, copy)
      extra.push(copy)
      view = { buffer, offset: 0, shape: node.shape, strides: stridesOf(node.shape) }
    }
    views.set(node, view)
    return view
  }
  for (const node of order) if (!dissolved.has(node)) viewOf(node)

  function writersOf(node: Node): readonly Node[] {
    const copy = copies.get(node)
    if (copy) return [copy]
    if (joined.has(node)) return joined.get(node)!.writers
    if (isSight(node)) return writersOf(node.inputs[0])
    return isGiven(node) ? [] : [node]
  }

  const own = order.filter(node => writes(node) && node.operation !== 'concat')
  return {
    computed: sorted([...own, ...extra], writersOf),
    targetOf: node => targets.get(node)!,
    viewOf,
    writersOf,
    constants,
  }
}

/** Each after what writes its inputs; otherwise by id, as they were made. */
function sorted(nodes: readonly Node[], writersOf: (node: Node) => readonly Node[]): Node[] {
  const done = new Set<Node>()
  const result: Node[] = []
  const visit = (node: Node) => {
    if (done.has(node)) return
    done.add(node)
    for (const source of node.inputs) for (const writer of writersOf(source)) visit(writer)
    result.push(node)
  }
  for (const node of [...nodes].sort((a, b) => a.id - b.id)) visit(node)
  return result
}
