import type { Tensor } from '@tensorflow/tfjs-core'
import { type ElementData, type ElementType, type Graph, type Node, topologicalOrder } from '../graph/graph.ts'
import { simplify } from '../graph/simplify.ts'
import type { Executor, Program, Value } from './executor.ts'
import { checkData, checkFeeds } from './feeds.ts'
import { openBackend, type TfjsPackage } from './tfjs-backend.ts'
import { type Backend, evaluate } from './tfjs-kernels.ts'

interface TfjsValue extends Value {
  readonly tfjsTensor: Tensor
}

function tfjsValue(tensor: Tensor): TfjsValue {
  return {
    tfjsTensor: tensor,
    shape: tensor.shape,
    type: tensor.dtype as ElementType,
    data: () => tensor.dataSync<'float32' | 'int32'>(),
    // A tensor is not JavaScript's memory: nothing collects it.
    [Symbol.dispose]: () => tensor.dispose(),
  }
}

/** TensorFlow.js: runs the graph node by node, in wasm or in the native library of an optional package. */
export async function tfjsExecutor({ package: name = 'wasm' as TfjsPackage } = {}): Promise<Executor> {
  const { backend, version, threads } = await openBackend(name)
  const value = (data: ElementData, shape: readonly number[]): TfjsValue => {
    checkData(data, shape)
    // Untracked by tidy, as no operation is running.
    return tfjsValue(backend.tf.tensor(data, [...shape], data instanceof Int32Array ? 'int32' : 'float32'))
  }
  return {
    name: name === 'wasm' ? 'tfjs-wasm' : name,
    version,
    threads,
    value,
    compile: async graph => tfjsProgram(backend, graph, value),
  }
}

function tfjsProgram(
  backend: Backend,
  graph: Graph,
  value: (data: ElementData, shape: readonly number[]) => TfjsValue,
): Program {
  const outputs = Object.entries(simplify(graph).outputs)
  const order = topologicalOrder(outputs.map(([, node]) => node))
  const lastUse = new Map<Node, Node>()
  for (const node of order) for (const source of node.inputs) lastUse.set(source, node)
  const kept = new Set(outputs.map(([, node]) => node))
  const constants = new Map<Node, Tensor>()
  for (const node of order)
    if (node.operation === 'constant') constants.set(node, value(node.attributes.data, node.shape).tfjsTensor)

  function compute(tensors: Map<Node, Tensor>) {
    for (const node of order) {
      if (tensors.has(node)) continue
      tensors.set(
        node,
        evaluate(
          node,
          node.inputs.map(source => tensors.get(source)!),
          backend,
        ),
      )
      // What nobody needs any more goes at once, so that the peak is not the sum.
      for (const source of new Set(node.inputs)) {
        const isOurs = source.operation !== 'input' && source.operation !== 'constant'
        if (isOurs && lastUse.get(source) === node && !kept.has(source)) tensors.get(source)!.dispose()
      }
    }
  }

  return {
    async run(feeds) {
      checkFeeds(graph, feeds)
      const tensors = new Map(constants)
      // What another executor holds is copied in, and is ours to free.
      const copies: TfjsValue[] = []
      for (const [name, node] of Object.entries(graph.inputs)) {
        const fed = feeds[name]
        if (!('tfjsTensor' in fed)) copies.push(value(fed.data(), fed.shape))
        tensors.set(node, 'tfjsTensor' in fed ? (fed as TfjsValue).tfjsTensor : copies.at(-1)!.tfjsTensor)
      }
      compute(tensors)
      // An output may be an input or a second output: each value owns its tensor.
      const found = outputs.map(([name, node]) => [name, tfjsValue(backend.tf.clone(tensors.get(node)!))] as const)
      for (const node of kept)
        if (node.operation !== 'input' && node.operation !== 'constant') tensors.get(node)!.dispose()
      for (const copy of copies) copy[Symbol.dispose]()
      return Object.fromEntries(found)
    },
    async [Symbol.asyncDispose]() {
      for (const tensor of constants.values()) tensor.dispose()
    },
  }
}
