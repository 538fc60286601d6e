import { EngineError } from '../errors.ts'
import { type Header, headerEnd, parseHeader, type TensorEntry } from './safetensors-header.ts'

/** A safetensors file whose bytes are read part by part; `end` is exclusive. */
export interface TensorFile {
  readonly sizeBytes: number
  read(begin: number, end: number): Promise<AsyncIterable<Uint8Array>>
}

export interface TensorDifference {
  readonly name: string
  /** Null where the file has no such tensor. */
  readonly shapeA: readonly number[] | null
  readonly shapeB: readonly number[] | null
  /** Null where the shapes differ: then there is nothing to compare number by number. */
  readonly distance: Distance | null
}

/** Over a tensor's numbers, in 64 bits. */
export interface Distance {
  /** √Σ(a − b)² */
  readonly l2: number
  /** Σab / √(Σa² Σb²); 1 where both are zero, null where one is. */
  readonly cosine: number | null
  /** max |a − b| */
  readonly maxAbs: number
}

/** Numbers in memory of each file at once. */
const window = 65_536

/** Every tensor of both files, in the order of names, as a stream: no tensor is ever whole in memory. */
export async function* compareTensors(a: TensorFile, b: TensorFile): AsyncGenerator<TensorDifference> {
  const [headerA, headerB] = await Promise.all([readHeader(a), readHeader(b)])
  const [inA, inB] = [headerA, headerB].map(
    ({ entries }) => new Map(entries.map(entry => [entry.name, entry] as const)),
  ) as [Map<string, TensorEntry>, Map<string, TensorEntry>]
  for (const name of [...new Set([...inA.keys(), ...inB.keys()])].sort()) {
    const [left, right] = [inA.get(name), inB.get(name)]
    for (const entry of [left, right]) if (entry) requireF32(entry)
    const same = left && right && left.shape.join() === right.shape.join()
    const distance = same
      ? await distanceOf(await numbers(a, headerA, left), await numbers(b, headerB, right), left)
      : null
    yield { name, shapeA: left?.shape ?? null, shapeB: right?.shape ?? null, distance }
  }
}

function requireF32({ name, dtype }: TensorEntry): void {
  if (dtype === 'F32') return
  throw new EngineError('INVALID_INPUT', `tensor "${name}" is ${dtype}: only F32 tensors are compared`)
}

async function readHeader(file: TensorFile): Promise<Header> {
  const end = headerEnd(await collected(await file.read(0, Math.min(8, file.sizeBytes))), file.sizeBytes)
  return parseHeader(await collected(await file.read(0, end)), file.sizeBytes)
}

async function distanceOf(left: Reader, right: Reader, { begin, end }: TensorEntry): Promise<Distance> {
  let [squares, dot, ofA, ofB, maxAbs] = [0, 0, 0, 0, 0]
  for (let rest = (end - begin) / 4; rest > 0; ) {
    const count = Math.min(rest, window)
    const [x, y] = [await left(count), await right(count)]
    for (let index = 0; index < count; index++) {
      const [p, q] = [x[index]!, y[index]!]
      const difference = p - q
      squares += difference * difference
      dot += p * q
      ofA += p * p
      ofB += q * q
      maxAbs = Math.max(maxAbs, Math.abs(difference))
    }
    rest -= count
  }
  const cosine = ofA === 0 || ofB === 0 ? (ofA === ofB ? 1 : null) : dot / Math.sqrt(ofA * ofB)
  return { l2: Math.sqrt(squares), cosine, maxAbs }
}

/** Gives the next so many numbers. */
type Reader = (count: number) => Promise<Float32Array>

async function numbers(file: TensorFile, { dataStart }: Header, { name, begin, end }: TensorEntry): Promise<Reader> {
  if (begin === end) return async () => new Float32Array()
  const stream = (await file.read(dataStart + begin, dataStart + end))[Symbol.asyncIterator]()
  let held = Buffer.alloc(0)
  return async count => {
    const parts = [held]
    let length = held.length
    while (length < count * 4) {
      const { value, done } = await stream.next()
      if (done) throw new Error(`The bytes of tensor "${name}" end after ${length} of ${count * 4}.`)
      parts.push(Buffer.from(value))
      length += value.length
    }
    const bytes = Buffer.concat(parts)
    held = bytes.subarray(count * 4)
    // A copy, for its numbers must begin at a multiple of four.
    return new Float32Array(Uint8Array.from(bytes.subarray(0, count * 4)).buffer)
  }
}

async function collected(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of stream) parts.push(part)
  return Buffer.concat(parts)
}
