import { EngineError } from '../../errors.ts'
import { type ElementData, type Graph, type Node, topologicalOrder } from '../../graph/graph.ts'

/** Throws INVALID_INPUT naming a fed index that there is no element for: the machine code would read other memory. */
export type IndexCheck = (fed: Readonly<Record<string, { data(): ElementData }>>) => void

/** Of the inputs that operations of the graph take as indices. */
export function indexCheck(graph: Graph): IndexCheck {
  const sizes = new Map<string, number>()
  for (const node of topologicalOrder(Object.values(graph.outputs))) {
    const size = indexed(node)
    if (!size) continue
    const source = unseen(size.indices)
    if (source.operation !== 'input') continue
    const { name } = source.attributes
    sizes.set(name, Math.min(size.count, sizes.get(name) ?? Number.POSITIVE_INFINITY))
  }
  return fed => {
    for (const [name, count] of sizes) {
      const wrong = fed[name].data().find(index => index < 0 || index >= count)
      if (wrong !== undefined)
        throw new EngineError(
          'INVALID_INPUT',
          `The input "${name}" holds the index ${wrong}; it must be from 0 to ${count - 1}.`,
        )
    }
  }
}

function indexed(node: Node): { readonly indices: Node; readonly count: number } | undefined {
  switch (node.operation) {
    case 'gather':
      return { indices: node.inputs[1], count: node.inputs[0].shape[0] }
    case 'scatterAdd':
      return { indices: node.inputs[0], count: node.shape[0] }
    case 'takeAt':
    case 'addAt':
      return { indices: node.inputs[1], count: node.inputs[0].shape[1] }
    default:
      return undefined
  }
}

/** What is behind another sight of the same numbers. */
function unseen(node: Node): Node {
  return node.operation === 'reshape' || node.operation === 'transpose' ? unseen(node.inputs[0]) : node
}
