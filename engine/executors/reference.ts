import {
  type ElementData,
  type ElementType,
  type Graph,
  type Node,
  type Shape,
  topologicalOrder,
} from '../graph/graph.ts'
import type { Executor, Program, Value } from './executor.ts'
import { checkData, checkFeeds } from './feeds.ts'
import { evaluate } from './reference-kernels.ts'

/** Exact to float64 where a float32 array would round: what finite differences need. */
export interface ReferenceValue extends Value {
  readonly exact: Float64Array
}

interface ReferenceProgram extends Program {
  run(feeds: Readonly<Record<string, Value>>): Promise<Record<string, ReferenceValue>>
}

export interface ReferenceExecutor extends Executor {
  compile(graph: Graph): Promise<ReferenceProgram>
  /** A Float64Array stays exact, and stands for float32. */
  value(data: ElementData | Float64Array, shape: Shape): ReferenceValue
}

function referenceValue(exact: Float64Array, shape: Shape, type: ElementType): ReferenceValue {
  const data = (): ElementData => (type === 'int32' ? Int32Array.from(exact) : Float32Array.from(exact))
  return { exact, shape, type, data, [Symbol.dispose]() {} }
}

const exactData = (value: Value): Float64Array =>
  'exact' in value ? (value as ReferenceValue).exact : Float64Array.from(value.data())

/** Computes every node in float64 by loops that follow its definition: slow and obvious, to hold the others against. */
export function referenceExecutor(): ReferenceExecutor {
  return {
    name: 'reference',
    version: '1',
    threads: 1,
    compile: async graph => referenceProgram(graph),
    value(data, shape) {
      checkData(data, shape)
      return referenceValue(Float64Array.from(data), shape, data instanceof Int32Array ? 'int32' : 'float32')
    },
  }
}

function referenceProgram(graph: Graph): ReferenceProgram {
  const order = topologicalOrder(Object.values(graph.outputs))
  return {
    async run(feeds) {
      checkFeeds(graph, feeds)
      const results = new Map<Node, Float64Array>()
      const resultsOf = (nodes: readonly Node[]) => nodes.map(node => results.get(node)!)
      for (const node of order) {
        const isInput = node.operation === 'input'
        results.set(node, isInput ? exactData(feeds[node.attributes.name]) : evaluate(node, resultsOf(node.inputs)))
      }
      const outputs = Object.entries(graph.outputs)
      return Object.fromEntries(
        outputs.map(([name, node]) => [name, referenceValue(results.get(node)!, node.shape, node.type)]),
      )
    },
    async [Symbol.asyncDispose]() {},
  }
}
