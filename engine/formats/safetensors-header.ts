import { counted } from '../counted.ts'
import { EngineError } from '../errors.ts'

export type Metadata = Readonly<Record<string, string>>

/** Bytes of one number, by the types that are read. */
export const bytesEach = { F32: 4, F16: 2, BF16: 2 } as const
export type Dtype = keyof typeof bytesEach

/** Where a tensor's bytes are: offsets from the start of the data, `end` exclusive. */
export interface TensorEntry {
  readonly name: string
  readonly dtype: Dtype
  readonly shape: readonly number[]
  readonly begin: number
  readonly end: number
}

export interface Header {
  /** In the order of their bytes. */
  readonly entries: readonly TensorEntry[]
  readonly metadata: Metadata
  /** Offset of the data in the file. */
  readonly dataStart: number
}

/** The limit of the reference implementation, in bytes. */
const LONGEST_HEADER = 100_000_000

/**
 * Reads and checks the header of a safetensors file, of which `bytes` are the whole or as much as the header needs. Nothing is believed: lengths are held against the bytes
 * that are there before anything is cut out, and the tensors must cover the data without gap or overlap.
 */
export function parseHeader(bytes: Uint8Array, fileLength = bytes.length): Header {
  const dataStart = headerEnd(bytes, fileLength)
  const { __metadata__: metadata = {}, ...described } = parseObject(bytes.subarray(8, dataStart))
  if (!isMetadata(metadata)) throw invalid('its __metadata__ is not an object of strings')

  const entries = Object.entries(described).map(([name, description]) => parseEntry(name, description))
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end)
  let covered = 0
  for (const { name, begin, end } of entries) {
    if (begin !== covered)
      throw invalid(`tensor "${name}" begins at byte ${begin} and the one before ends at ${covered}`)
    covered = end
  }
  if (covered !== fileLength - dataStart) {
    throw invalid(`its tensors end at byte ${covered} and its data at ${fileLength - dataStart}`)
  }
  return { entries, metadata, dataStart }
}

/** The header of a file that has these tensors one after the other, padded so that its data begins at a multiple of 8. */
export function writeHeader(
  tensors: readonly Pick<TensorEntry, 'name' | 'dtype' | 'shape'>[],
  metadata: Metadata,
): Uint8Array {
  // Object.fromEntries, for a tensor may be called __proto__.
  const described: [string, unknown][] = [['__metadata__', metadata]]
  let offset = 0
  for (const { name, dtype, shape } of tensors) {
    const end = offset + shape.reduce((product, size) => product * size, bytesEach[dtype])
    described.push([name, { dtype, shape, data_offsets: [offset, end] }])
    offset = end
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(described)))
  const padded = Math.ceil(json.length / 8) * 8
  const header = new Uint8Array(8 + padded).fill(0x20, 8)
  new DataView(header.buffer).setBigUint64(0, BigInt(padded), true)
  header.set(json, 8)
  return header
}

/** Where the header ends, from the first 8 bytes of a file of that length. */
export function headerEnd(bytes: Uint8Array, fileLength: number): number {
  if (bytes.length < 8) throw invalid(`it has ${counted(bytes.length, 'byte')}, too few for a header`)
  const claimed = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true)
  if (claimed > BigInt(Math.min(fileLength - 8, LONGEST_HEADER))) {
    throw invalid(`its header claims ${claimed} bytes and the file has ${fileLength - 8} after the length`)
  }
  return 8 + Number(claimed)
}

function parseObject(bytes: Uint8Array): Record<string, unknown> {
  let parsed: unknown
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw invalid('its header is not JSON', { cause })
  }
  if (!isObject(parsed)) throw invalid('its header is not a JSON object')
  return parsed
}

function parseEntry(name: string, description: unknown): TensorEntry {
  if (!isObject(description)) throw invalid(`tensor "${name}" is not described by an object`)
  const { dtype, shape, data_offsets: offsets } = description
  if (!isDtype(dtype)) {
    throw invalid(`tensor "${name}" has dtype ${JSON.stringify(dtype)}, and only F32, F16 and BF16 are supported`)
  }
  if (!isSizes(shape)) throw invalid(`tensor "${name}" has shape ${JSON.stringify(shape)}, not a list of sizes`)
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0] > offsets[1]) {
    throw invalid(`tensor "${name}" has data_offsets ${JSON.stringify(offsets)}, not a begin and an end`)
  }
  const [begin, end] = offsets
  const wanted = shape.reduce((product, size) => product * size, bytesEach[dtype])
  if (wanted !== end - begin) {
    throw invalid(`tensor "${name}" of shape [${shape}] takes ${wanted} bytes and its offsets span ${end - begin}`)
  }
  return { name, dtype, shape, begin, end }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isDtype(value: unknown): value is Dtype {
  return typeof value === 'string' && Object.hasOwn(bytesEach, value)
}

function isMetadata(value: unknown): value is Metadata {
  return isObject(value) && Object.values(value).every(text => typeof text === 'string')
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(size => Number.isSafeInteger(size) && size >= 0)
}

function invalid(reason: string, options?: ErrorOptions): EngineError {
  return new EngineError('INVALID_INPUT', `the safetensors file cannot be read: ${reason}`, options)
}
