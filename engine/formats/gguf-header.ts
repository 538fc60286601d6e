/** A value of the metadata; whole numbers are written with 32 bits, unsigned unless in a list. */
export type GgufValue =
  | string
  | boolean
  | { readonly uint32: number }
  | { readonly float32: number }
  | { readonly strings: readonly string[] }
  | { readonly int32s: readonly number[] }

export interface GgufTensor {
  readonly name: string
  /** Row-major, the last axis is the one whose numbers are neighbours. */
  readonly shape: readonly number[]
  /** Its number in `enum ggml_type`. */
  readonly type: number
  readonly byteLength: number
}

/** Tensors begin at multiples of it, counted from the beginning of the data; so does the data in the file. */
const ALIGNMENT = 32
const VERSION = 3
// enum gguf_type
const [UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY] = [4, 5, 6, 7, 8, 9]

/** Bytes between `length` and the next tensor. */
export const paddingAfter = (length: number): number => (ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT

/**
 * All that stands before the data of a GGUF file (github.com/ggml-org/ggml, docs/gguf.md), padding included: metadata,
 * and the tensors' names, shapes, types and places in the order given. Little-endian.
 */
export function ggufHeader(metadata: Readonly<Record<string, GgufValue>>, tensors: readonly GgufTensor[]): Uint8Array {
  const parts: Uint8Array[] = []
  const utf8 = new TextEncoder()
  let length = 0
  const write = (part: Uint8Array) => {
    parts.push(part)
    length += part.length
  }
  const number = (bytes: number, set: (view: DataView) => void) => {
    const view = new DataView(new ArrayBuffer(bytes))
    set(view)
    write(new Uint8Array(view.buffer))
  }
  const uint32 = (value: number) => number(4, view => view.setUint32(0, value, true))
  const int32 = (value: number) => number(4, view => view.setInt32(0, value, true))
  const uint64 = (value: number) => number(8, view => view.setBigUint64(0, BigInt(value), true))
  const text = (value: string) => {
    const bytes = utf8.encode(value)
    uint64(bytes.length)
    write(bytes)
  }
  const list = <T>(type: number, values: readonly T[], element: (value: T) => void) => {
    uint32(ARRAY)
    uint32(type)
    uint64(values.length)
    values.forEach(element)
  }
  const typed = (type: number, value: () => void) => {
    uint32(type)
    value()
  }
  const value = (given: GgufValue) => {
    if (typeof given === 'string') typed(STRING, () => text(given))
    else if (typeof given === 'boolean') typed(BOOL, () => write(Uint8Array.of(Number(given))))
    else if ('uint32' in given) typed(UINT32, () => uint32(given.uint32))
    else if ('float32' in given) typed(FLOAT32, () => number(4, view => view.setFloat32(0, given.float32, true)))
    else if ('strings' in given) list(STRING, given.strings, text)
    else list(INT32, given.int32s, int32)
  }

  write(utf8.encode('GGUF'))
  uint32(VERSION)
  uint64(tensors.length)
  uint64(Object.keys(metadata).length)
  for (const [key, given] of Object.entries(metadata)) {
    text(key)
    value(given)
  }
  let offset = 0
  for (const { name, shape, type, byteLength } of tensors) {
    text(name)
    uint32(shape.length)
    for (const size of shape.toReversed()) uint64(size)
    uint32(type)
    uint64(offset)
    offset += byteLength + paddingAfter(byteLength)
  }
  write(new Uint8Array(paddingAfter(length)))
  return Buffer.concat(parts)
}
