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
  weight(name: string, shape: readonly number[], data: Float32Array): string
  integers(values: readonly number[]): string
  integer(value: number): string
  float(value: number): string
  /** Adds an operator, and gives the name of its result. */
  operator(type: string, inputs: readonly string[], attributes?: Readonly<Record<string, Attribute>>): string
  /** The serialized ModelProto. */
  finish(graphName: string): Uint8Array
}

// Opset 17 goes with IR 8; ONNX Runtime reads them since 1.12.
const IR_VERSION = 8
const OPSET = 17

export function onnxBuilder(): OnnxBuilder {
  const inputs: object[] = []
  const outputs: object[] = []
  const operators: object[] = []
  const initializers = new Map<string, object>()

  function initializer(
    name: string,
    dims: readonly number[],
    dataType: number,
    data: ArrayBufferView<ArrayBufferLike>,
  ) {
    if (!initializers.has(name)) {
      const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
      initializers.set(name, { name, dims: [...dims], dataType, rawData })
    }
    return name
  }
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
    weight: (name, shape, data) => initializer(name, shape, FLOAT, data),
    integers: values => initializer(`[${values}]`, [values.length], INT64, BigInt64Array.from(values, BigInt)),
    integer: value => initializer(`int ${value}`, [], INT64, BigInt64Array.of(BigInt(value))),
    float: value => initializer(`float ${value}`, [], FLOAT, Float32Array.of(value)),
    operator(type, given, attributes = {}) {
      const name = `${type}_${operators.length}_output`
      add(type, given, name, attributes)
      return name
    },
    finish: name =>
      onnx.ModelProto.encode({
        irVersion: IR_VERSION,
        producerName: 'agent-forge',
        opsetImport: [{ domain: '', version: OPSET }],
        graph: { name, input: inputs, output: outputs, node: operators, initializer: [...initializers.values()] },
      }).finish(),
  }
}

function attributeProto([name, value]: [string, Attribute]) {
  if (typeof value === 'number') return { name, type: AttributeType.INT, i: value }
  return { name, type: AttributeType.INTS, ints: [...value] }
}

function valueInfo(name: string, elemType: number, shape: readonly Dimension[]) {
  const dim = shape.map(size => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }))
  return { name, type: { tensorType: { elemType, shape: { dim } } } }
}
