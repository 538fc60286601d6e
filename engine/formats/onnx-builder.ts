import onnxProto from 'onnx-proto'

const { onnx } = onnxProto
const { AttributeType } = onnx.AttributeProto

/** Types of `TensorProto.DataType`. */
export const FLOAT = 1
export const INT64 = 7
export const BOOL = 9

/** A size, or the name of one that each run chooses. */
export type Dimension = number | string

type Attribute = number | readonly number[]

/** Builds a model of ONNX's own operators, name by name. */
export interface OnnxBuilder {
  input(name: string, type: number, shape: readonly Dimension[]): string
  /** Calls `value` by this name among the outputs. */
  output(name: string, value: string, shape: readonly Dimension[]): void
  /** The numbers are read when the model is written. */
  weight(name: string, shape: readonly number[], read: () => Promise<Float32Array>): string
  floats(name: string, data: Float32Array): string
  integers(values: readonly number[]): string
  integer(value: number): string
  float(value: number): string
  /** Adds an operator, and gives the name of its result. */
  operator(type: string, inputs: readonly string[], attributes?: Readonly<Record<string, Attribute>>): string
  /** The serialized ModelProto, of which one weight at a time is in memory. */
  parts(graphName: string): AsyncGenerator<Uint8Array>
}

interface Initializer {
  readonly described: { readonly name: string; readonly dims: number[]; readonly dataType: number }
  readonly byteLength: number
  read(): Promise<ArrayBufferView<ArrayBufferLike>>
}

// Opset 17 goes with IR 8; ONNX Runtime reads them since 1.12.
const IR_VERSION = 8
const OPSET = 17

export function onnxBuilder(): OnnxBuilder {
  const inputs: object[] = []
  const outputs: object[] = []
  const operators: object[] = []
  const initializers = new Map<string, Initializer>()

  function initializer(
    name: string,
    dims: readonly number[],
    dataType: number,
    { byteLength, read }: Pick<Initializer, 'byteLength' | 'read'>,
  ) {
    if (!initializers.has(name)) {
      initializers.set(name, { described: { name, dims: [...dims], dataType }, byteLength, read })
    }
    return name
  }
  const given = (data: ArrayBufferView<ArrayBufferLike>) => ({ byteLength: data.byteLength, read: async () => data })
  const add = (
    opType: string,
    input: readonly string[],
    name: string,
    attributes: Readonly<Record<string, Attribute>>,
  ) =>
    operators.push({
      opType,
      name: `${opType}_${operators.length}`,
      input: [...input],
      output: [name],
      attribute: Object.entries(attributes).map(attributeProto),
    })

  return {
    input(name, type, shape) {
      inputs.push(valueInfo(name, type, shape))
      return name
    },
    output(name, value, shape) {
      add('Identity', [value], name, {})
      outputs.push(valueInfo(name, FLOAT, shape))
    },
    weight: (name, shape, read) =>
      initializer(name, shape, FLOAT, { byteLength: shape.reduce((product, size) => product * size, 4), read }),
    floats: (name, data) => initializer(name, [data.length], FLOAT, given(data)),
    integers: values => initializer(`[${values}]`, [values.length], INT64, given(BigInt64Array.from(values, BigInt))),
    integer: value => initializer(`int ${value}`, [], INT64, given(BigInt64Array.of(BigInt(value)))),
    float: value => initializer(`float ${value}`, [], FLOAT, given(Float32Array.of(value))),
    operator(type, values, attributes = {}) {
      const name = `${type}_${operators.length}_output`
      add(type, values, name, attributes)
      return name
    },
    async *parts(name) {
      // The fields of a message may come in any order: what is large is written behind what onnx-proto encodes.
      const opsetImport = [{ domain: '', version: OPSET }]
      yield onnx.ModelProto.encode({ irVersion: IR_VERSION, producerName: 'agent-forge', opsetImport }).finish()
      const graph = onnx.GraphProto.encode({ name, input: inputs, output: outputs, node: operators }).finish()
      const tensors = Array.from(initializers.values(), ({ described, byteLength, read }) => {
        const head = Buffer.concat([onnx.TensorProto.encode(described).finish(), fieldHead(RAW_DATA, byteLength)])
        return { head: Buffer.concat([fieldHead(INITIALIZER, head.length + byteLength), head]), byteLength, read }
      })
      const length = tensors.reduce((sum, { head, byteLength }) => sum + head.length + byteLength, graph.length)
      yield fieldHead(GRAPH, length)
      yield graph
      for (const { head, read } of tensors) {
        yield head
        const { buffer, byteOffset, byteLength } = await read()
        yield new Uint8Array(buffer, byteOffset, byteLength)
      }
    },
  }
}

// Numbers of fields in ModelProto, GraphProto and TensorProto (onnx.proto).
const [GRAPH, INITIALIZER, RAW_DATA] = [7, 5, 9]

/** What stands before the bytes of a field: its number, that its length follows, and the length. */
function fieldHead(field: number, length: number): Uint8Array {
  const bytes = [(field << 3) | 2]
  let rest = length
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
  return Uint8Array.from([...bytes, rest])
}

function attributeProto([name, value]: [string, Attribute]) {
  if (typeof value === 'number') return { name, type: AttributeType.INT, i: value }
  return { name, type: AttributeType.INTS, ints: [...value] }
}

function valueInfo(name: string, elemType: number, shape: readonly Dimension[]) {
  const dim = shape.map(size => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }))
  return { name, type: { tensorType: { elemType, shape: { dim } } } }
}
