import type { Node } from '../../graph/graph.ts'
import { sizeOf } from '../../graph/shapes.ts'
import { dependenciesFirst } from './order.ts'
import { copyOf, isGiven, isSight, type Target, targetsOf } from './targets.ts'
import { broadcastStrides, bufferSource, reshapedStrides, type View, wholeView } from './views.ts'

/** What is computed, where it goes, and how what was not computed lies in memory. */
export interface Placement {
  /** Operations that write, copies among them, each after what writes its inputs. */
  readonly computed: readonly Node[]
  targetOf(node: Node): Target
  /** How any node's value lies in memory. */
  viewOf(node: Node): View
  /** The operations that write what is read at a node. */
  writersOf(node: Node): readonly Node[]
  readonly constants: readonly Node[]
}

/** Gives everything a place in memory. `order` has every node after its inputs; for `sums` see `targetsOf`. */
export function place(
  order: readonly Node[],
  outputs: readonly Node[],
  inputs: readonly Node[],
  sums: boolean,
): Placement {
  const newBuffer = bufferSource()
  const constants = order.filter(({ operation }) => operation === 'constant')
  const views = new Map<Node, View>()
  for (const [kind, nodes] of [
    ['input', inputs],
    ['constant', constants],
  ] as const)
    for (const [index, node] of nodes.entries())
      views.set(node, wholeView(newBuffer(kind, index, sizeOf(node.shape)), node.shape))

  const { targets, joined, copies, isNone } = targetsOf(order, outputs, newBuffer, sums)
  /** By a sight of what does not lie so: what writes it in the order of that sight. */
  const rewritten = new Map<Node, Node>()

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

  function viewOf(node: Node): View {
    const known = views.get(node) ?? joined.get(node)?.view ?? targets.get(node)?.view
    if (known) return known
    const view = sight(node) ?? rewrittenView(node)
    views.set(node, view)
    return view
  }

  function rewrittenView(node: Node): View {
    const copy = copyOf(node.inputs[0])
    const buffer = newBuffer('scratch', 0, sizeOf(node.shape))
    targets.set(copy, { view: wholeView(buffer, copy.shape), accumulates: false })
    rewritten.set(node, copy)
    return wholeView(buffer, node.shape)
  }
  for (const node of order) if (isGiven(node) || isSight(node)) viewOf(node)

  function writersOf(node: Node): readonly Node[] {
    if (rewritten.has(node)) return [rewritten.get(node)!]
    if (joined.has(node)) return joined.get(node)!.writers
    if (isSight(node)) return writersOf(node.inputs[0])
    return isGiven(node) ? [] : [node]
  }

  const own = order.filter(node => !isNone(node) && node.operation !== 'concat')
  const made = [...own, ...copies, ...rewritten.values()].sort((a, b) => a.id - b.id)
  return {
    computed: dependenciesFirst(made, ({ inputs }) => inputs.flatMap(writersOf)),
    targetOf: node => targets.get(node)!,
    viewOf,
    writersOf,
    constants,
  }
}
