import { type Attributes, type Graph, node as make, type Node, type Operation, topologicalOrder } from './graph.ts'
import type { Lowered } from './lowerings.ts'
import { type Rewrites, rewrite } from './rewrites.ts'

/** The same node reading from other inputs, whose shapes must be those of its own. */
function withInputs(old: Node, inputs: readonly Node[]): Node {
  if (inputs.every((source, i) => source === old.inputs[i])) return old
  return make(old.operation, inputs, old.attributes as Attributes[Operation], old.shape, old.type)
}

/**
 * The same outputs from fewer and cheaper nodes: equal expressions are computed once, and the rewrites apply. Inputs
 * that no output needs any more stay in the graph, so that it takes the same feeds. What is in `kept` is not taken apart;
 * what no rewrite changes, those of `more` may.
 */
export function simplify({ inputs, outputs }: Graph, kept: readonly Lowered[] = [], more: Rewrites = {}): Graph {
  const simplified = new Map<Node, Node>()
  const known = new Map<string, Node>()
  const dataIds = new Map<object, number>()

  function keyOf({ operation, inputs, attributes, shape, type, id }: Node): string {
    const from = inputs.map(source => source.id)
    if (operation === 'input') return `input ${id}`
    if (operation !== 'constant') return JSON.stringify([operation, from, attributes, shape, type])
    const { data } = attributes
    // A scalar is known by its value (-0 apart from 0), a larger constant by its array.
    if (data.length === 1)
      return JSON.stringify([operation, Object.is(data[0], -0) ? '-0' : String(data[0]), shape, type])
    if (!dataIds.has(data)) dataIds.set(data, dataIds.size)
    return JSON.stringify([operation, 'array', dataIds.get(data), shape, type])
  }

  /** Takes a node whose inputs are simplified already. */
  function settle(candidate: Node): Node {
    const key = keyOf(candidate)
    const before = known.get(key)
    if (before) return before
    const better = rewrite(candidate, kept, more)
    // What a rewrite makes may consist of several new nodes.
    const settled = better === candidate ? candidate : visit(better)
    known.set(key, settled)
    return settled
  }

  function visit(root: Node): Node {
    const pending = topologicalOrder([root]).filter(found => !simplified.has(found))
    for (const old of pending) {
      const settled = settle(
        withInputs(
          old,
          old.inputs.map(source => simplified.get(source)!),
        ),
      )
      simplified.set(old, settled)
      simplified.set(settled, settled)
    }
    return simplified.get(root)!
  }

  return {
    inputs,
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, node]) => [name, visit(node)])),
  }
}
