import type { MetricPoint } from '../../../schema/values.ts'

export interface Point {
  readonly step: number
  readonly value: number
  readonly at: Date
}

export interface MetricSeries {
  readonly name: string
  /** By step. */
  readonly points: readonly Point[]
}

/** Steps of one chunk. */
const chunkSteps = 512
const pointBytes = 20

/** Points of one metric whose steps share a number, packed. */
export interface Chunk {
  readonly name: string
  /** ⌊step / 512⌋ */
  readonly number: number
  readonly firstStep: number
  readonly lastStep: number
  readonly points: Uint8Array<ArrayBuffer>
}

/** Step uint32, value float64, milliseconds since 1970 float64; little endian. */
export function packPoints(points: readonly MetricPoint[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(points.length * pointBytes)
  const view = new DataView(bytes.buffer)
  points.forEach(({ step, value, at }, index) => {
    view.setUint32(index * pointBytes, step, true)
    view.setFloat64(index * pointBytes + 4, value, true)
    view.setFloat64(index * pointBytes + 12, Date.parse(at), true)
  })
  return bytes
}

export function unpackPoints(bytes: Uint8Array): Point[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: bytes.length / pointBytes }, (_, index) => ({
    step: view.getUint32(index * pointBytes, true),
    value: view.getFloat64(index * pointBytes + 4, true),
    at: new Date(view.getFloat64(index * pointBytes + 12, true)),
  }))
}

/** The points as chunks, or the beginnings of chunks. */
export function chunksOf(points: readonly MetricPoint[]): Chunk[] {
  const groups = Map.groupBy(points, ({ name, step }) => `${Math.floor(step / chunkSteps)} ${name}`)
  return Array.from(groups.values(), group => ({
    name: group[0]!.name,
    number: Math.floor(group[0]!.step / chunkSteps),
    firstStep: group[0]!.step,
    lastStep: group.at(-1)!.step,
    points: packPoints(group),
  }))
}
