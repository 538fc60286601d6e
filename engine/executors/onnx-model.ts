import onnxProto from 'onnx-proto'
import { type Graph, type Node, type NodeOf, type Operation, type Shape, topologicalOrder } from '../graph/graph.ts'
import { sizeOf } from '../graph/shapes.ts'
import { encodings, ONNX_TYPES, type OnnxAttributes, type OnnxWriter } from './onnx-operators.ts'

const { onnx } = onnxProto
const { AttributeType } = onnx.AttributeProto
const INT64 = 7
const BOOL = 9

/** IR 8 with opset 17, and the operators that ONNX Runtime adds to it. */
const IR_VERSION = 8
const OPSETS = [
  { domain: '', version: 17 },
  { domain: 'com.microsoft', version: 1 },
]

function attributeProto([name, value]: [string, OnnxAttributes[string]]) {
  if (typeof value === 'number') return { name, type: AttributeType.INT, i: value }
  if (typeof value === 'string') return { name, type: AttributeType.STRING, s: Buffer.from(value) }
  return { name, type: AttributeType.INTS, ints: [...value] }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView<ArrayBufferLike>) =>
  new Uint8Array(buffer, byteOffset, byteLength)

function valueInfo(name: string, { shape, type }: Node) {
  const dim = shape.map(size => ({ dimValue: size }))
  return { name, type: { tensorType: { elemType: ONNX_TYPES[type], shape: { dim } } } }
}

/** The graph as a serialized ONNX ModelProto with fixed shapes, its inputs and outputs named as the graph's. */
export function encodeOnnx(graph: Graph, { singleThread }: { readonly singleThread: boolean }): Uint8Array {
  const operators: { opType: string; domain: string; input: string[]; output: string[]; attribute: object[] }[] = []
  const initializers = new Map<string, { name: string; dims: number[]; dataType: number; rawData: Uint8Array }>()
  const values = new Map<Node, string>()
  const conditions = new Map<Node, string>()
  // A colon keeps our names apart from those of the graph's inputs and outputs.
  let named = 0
  const freshName = () => `:${named++}`

  function initializer(name: string, dims: Shape, dataType: number, data: ArrayBufferView<ArrayBufferLike>): string {
    if (!initializers.has(name)) initializers.set(name, { name, dims: [...dims], dataType, rawData: bytesOf(data) })
    return name
  }

  const writer: OnnxWriter = {
    singleThread,
    operator(opType, input, attributes = {}, domain = '') {
      const output = freshName()
      const attribute = Object.entries(attributes).map(attributeProto)
      operators.push({ opType, domain, input: [...input], output: [output], attribute })
      return output
    },
    integers: list => initializer(`:[${list}]`, [list.length], INT64, BigInt64Array.from(list, BigInt)),
    zeros: shape => initializer(`:zeros[${shape}]`, shape, ONNX_TYPES.float32, new Float32Array(sizeOf(shape))),
    value(node) {
      // Comparisons give bool, and become numbers only for whoever wants numbers.
      if (!values.has(node))
        values.set(node, writer.operator('Cast', [conditions.get(node)!], { to: ONNX_TYPES.int32 }))
      return values.get(node)!
    },
    condition(node) {
      if (!conditions.has(node)) conditions.set(node, writer.operator('Cast', [values.get(node)!], { to: BOOL }))
      return conditions.get(node)!
    },
  }

  function write(node: Node) {
    if (node.operation === 'input') values.set(node, node.attributes.name)
    else if (node.operation === 'constant')
      values.set(node, initializer(freshName(), node.shape, ONNX_TYPES[node.type], node.attributes.data))
    else if (node.operation === 'greater' || node.operation === 'equal')
      conditions.set(
        node,
        writer.operator(node.operation === 'equal' ? 'Equal' : 'Greater', node.inputs.map(writer.value)),
      )
    else values.set(node, (encodings[node.operation] as Encoding)(node, writer))
  }

  for (const node of topologicalOrder(Object.values(graph.outputs))) write(node)
  for (const [name, node] of Object.entries(graph.outputs))
    operators.push({ opType: 'Identity', domain: '', input: [writer.value(node)], output: [name], attribute: [] })

  return onnx.ModelProto.encode({
    irVersion: IR_VERSION,
    producerName: 'agent-forge',
    opsetImport: OPSETS,
    graph: {
      name: 'graph',
      node: operators,
      initializer: [...initializers.values()],
      input: Object.entries(graph.inputs).map(([name, node]) => valueInfo(name, node)),
      output: Object.entries(graph.outputs).map(([name, node]) => valueInfo(name, node)),
    },
  }).finish()
}

type Encoding = (node: NodeOf<Operation>, writer: OnnxWriter) => string
