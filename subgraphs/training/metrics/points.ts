import type { MetricPoint } from '../../../schema/values.ts'

export interface Point {
  readonly step: number
  readonly value: number
  readonly at: Date
}

/** Points in the order of their steps, 20 bytes each: step uint32, value float64, milliseconds since 1970 float64; little endian. */
export type PackedPoints = Uint8Array

export const pointBytes = 20

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

export function pointAt(bytes: PackedPoints, index: number): Point {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return {
    step: view.getUint32(index * pointBytes, true),
    value: view.getFloat64(index * pointBytes + 4, true),
    at: new Date(view.getFloat64(index * pointBytes + 12, true)),
  }
}

export const countOf = (bytes: PackedPoints): number => bytes.byteLength / pointBytes

/** A curve as two arrays of the same length: of a million points, objects would take most of the time. */
export interface Curve {
  readonly steps: Float64Array
  readonly values: Float64Array
}

export function curveOf(bytes: PackedPoints): Curve {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const curve = { steps: new Float64Array(countOf(bytes)), values: new Float64Array(countOf(bytes)) }
  for (let index = 0; index < curve.steps.length; index++) {
    curve.steps[index] = view.getUint32(index * pointBytes, true)
    curve.values[index] = view.getFloat64(index * pointBytes + 4, true)
  }
  return curve
}
