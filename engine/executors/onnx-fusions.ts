import type { Node, NodeOf } from '../graph/graph.ts'

/** What is written otherwise than node by node, known before any node is written. */
export interface Fusions {
  /** Squares that only the operator of their sum needs; they are not written themselves. */
  readonly squares: ReadonlySet<Node>
  /** By a node: how many tall products transpose it (see `narrower`). */
  readonly transposed: ReadonlyMap<Node, number>
}

/** From how many rows on a product of matrices is tall. */
const MANY_ROWS = 512

/** Whether y is aᵀb of tall matrices, as every weight's gradient is. */
export const isTall = ({ inputs: [a], attributes: { transposeA, transposeB } }: NodeOf<'matmul'>): boolean =>
  transposeA && !transposeB && a.shape.length === 2 && a.shape[0] >= MANY_ROWS

/** The one of a tall product's matrices that it takes less to transpose. */
export const narrower = ({ inputs: [a, b] }: NodeOf<'matmul'>): Node => (a.shape[1] < b.shape[1] ? a : b)

export function findFusions(nodes: readonly Node[], outputs: readonly Node[]): Fusions {
  const readers = new Map<Node, number>(outputs.map(node => [node, 1]))
  const transposed = new Map<Node, number>()
  const count = (counts: Map<Node, number>, node: Node) => counts.set(node, (counts.get(node) ?? 0) + 1)
  for (const node of nodes) {
    for (const source of node.inputs) count(readers, source)
    if (node.operation === 'matmul' && isTall(node)) count(transposed, narrower(node))
  }
  const summed = nodes.filter(node => node.operation === 'sum').map(({ inputs: [x] }) => x)
  return { squares: new Set(summed.filter(x => isSquare(x) && readers.get(x) === 1)), transposed }
}

const isSquare = ({ operation, inputs: [a, b] }: Node): boolean => operation === 'multiply' && a === b
