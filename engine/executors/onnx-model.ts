import onnxProto from 'onnx-proto'
import { type Graph, type Node, type NodeOf, type Operation, type Shape, topologicalOrder } from '../graph/graph.ts'
import { sizeOf } from '../graph/shapes.ts'
import { simplify } from '../graph/simplify.ts'
import { type Fusions, findFusions } from './onnx-fusions.ts'
import { encodings, NATIVE, ONNX_TYPES, type OnnxAttributes, type OnnxWriter } from './onnx-operators.ts'

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
  if ('float' in value) return { name, type: AttributeType.FLOAT, f: value.float }
  return { name, type: AttributeType.INTS, ints: [...value] }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView<ArrayBufferLike>) =>
  new Uint8Array(buffer, byteOffset, byteLength)

function valueInfo(name: string, { shape, type }: Node) {
  const dim = shape.map(size => ({ dimValue: size }))
  return { name, type: { tensorType: { elemType: ONNX_TYPES[type], shape: { dim } } } }
}

type Encoding = (node: NodeOf<Operation>, writer: OnnxWriter) => string

interface ModelWriter extends OnnxWriter {
  write(node: Node): void
  /** Calls the node's value by this name from here on, if an operator made it and none reads it yet. */
  rename(node: Node, name: string): void
  copy(node: Node, name: string): void
  parts(): { node: onnxProto.onnx.INodeProto[]; initializer: onnxProto.onnx.ITensorProto[] }
}

function modelWriter(singleThread: boolean, fusions: Fusions): ModelWriter {
  const operators: { opType: string; domain: string; input: string[]; output: string[]; attribute: object[] }[] = []
  const initializers = new Map<string, onnxProto.onnx.ITensorProto>()
  const values = new Map<Node, string>()
  const conditions = new Map<Node, string>()
  // A colon keeps our names apart from those of the graph's inputs and outputs.
  const freshName = () => `:${operators.length + initializers.size}`

  function operator(opType: string, input: readonly string[], attributes: OnnxAttributes = {}, domain = ''): string {
    const output = freshName()
    const attribute = Object.entries(attributes).map(attributeProto)
    operators.push({ opType, domain, input: [...input], output: [output], attribute })
    return output
  }

  function pair(opType: string, input: readonly string[], attributes?: OnnxAttributes): readonly [string, string] {
    const first = operator(opType, input, attributes)
    const second = `${first}:`
    operators.at(-1)!.output.push(second)
    return [first, second]
  }

  function initializer(name: string, dims: Shape, dataType: number, data: ArrayBufferView<ArrayBufferLike>): string {
    if (!initializers.has(name)) initializers.set(name, { name, dims: [...dims], dataType, rawData: bytesOf(data) })
    return name
  }

  function value(node: Node): string {
    // Comparisons give bool, and become numbers only for whoever wants numbers.
    if (!values.has(node)) values.set(node, operator('Cast', [conditions.get(node)!], { to: ONNX_TYPES.int32 }))
    return values.get(node)!
  }

  const writer: ModelWriter = {
    singleThread,
    fusions,
    reciprocals: new Map(),
    operator,
    pair,
    value,
    integers: list => initializer(`:[${list}]`, [list.length], INT64, BigInt64Array.from(list, BigInt)),
    filled: (number, shape) =>
      initializer(`:${number}[${shape}]`, shape, ONNX_TYPES.float32, new Float32Array(sizeOf(shape)).fill(number)),
    condition(node) {
      if (!conditions.has(node)) conditions.set(node, operator('Cast', [values.get(node)!], { to: BOOL }))
      return conditions.get(node)!
    },
    write(node) {
      const { operation, inputs, shape, type } = node
      if (operation === 'input') values.set(node, node.attributes.name)
      else if (operation === 'constant')
        values.set(node, initializer(freshName(), shape, ONNX_TYPES[type], node.attributes.data))
      else if (operation === 'greater') conditions.set(node, operator('Greater', inputs.map(value)))
      else if (operation === 'equal') conditions.set(node, operator('Equal', inputs.map(value)))
      else values.set(node, (encodings[operation as keyof typeof encodings] as Encoding)(node, writer))
    },
    rename(node, name) {
      const last = operators.at(-1)
      if (!last || last.output[0] !== values.get(node)) return
      last.output[0] = name
      values.set(node, name)
    },
    copy: (node, name) =>
      operators.push({ opType: 'Identity', domain: '', input: [value(node)], output: [name], attribute: [] }),
    parts: () => ({ node: operators, initializer: [...initializers.values()] }),
  }
  return writer
}

/** The graph as a serialized ONNX ModelProto with fixed shapes, its inputs and outputs named as the graph's. */
export function encodeOnnx(graph: Graph, { singleThread }: { readonly singleThread: boolean }): Uint8Array {
  const { inputs, outputs } = simplify(graph, NATIVE)
  const nodes = topologicalOrder(Object.values(outputs))
  const fusions = findFusions(nodes, Object.values(outputs))
  const writer = modelWriter(singleThread, fusions)
  const names = new Map(Object.entries(outputs).map(([name, node]) => [node, name]))
  for (const node of nodes) {
    if (fusions.squares.has(node)) continue
    writer.write(node)
    const name = names.get(node)
    if (name !== undefined) writer.rename(node, name)
  }
  for (const [name, node] of Object.entries(outputs)) if (writer.value(node) !== name) writer.copy(node, name)

  return onnx.ModelProto.encode({
    irVersion: IR_VERSION,
    producerName: 'agent-forge',
    opsetImport: OPSETS,
    graph: {
      ...writer.parts(),
      name: 'graph',
      input: Object.entries(inputs).map(([name, node]) => valueInfo(name, node)),
      output: Object.entries(outputs).map(([name, node]) => valueInfo(name, node)),
    },
  }).finish()
}
