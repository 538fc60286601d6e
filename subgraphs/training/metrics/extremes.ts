import { countOf, curveOf, type PackedPoints, pointBytes } from './points.ts'

/** Of so many points in a row, the lowest and the highest are kept. */
const stretch = 64

/**
 * The points of a chunk that a chart at a distance needs: of each 64 the lowest and the highest, and the ends. What
 * downsampling chooses from these instead of from all points looks the same, and every spike is among them (Van Der
 * Donckt et al. 2023, "MinMaxLTTB: Leveraging MinMax-Preselection to Scale LTTB", arXiv:2305.00332, §3).
 */
export function extremesOf(points: PackedPoints): Uint8Array<ArrayBuffer> {
  const { values } = curveOf(points)
  const last = countOf(points) - 1
  const kept = new Set([0])
  for (let from = 0; from <= last; from += stretch) {
    let [lowest, highest] = [from, from]
    for (let index = from; index < Math.min(from + stretch, last + 1); index++) {
      if (values[index]! < values[lowest]!) lowest = index
      if (values[index]! > values[highest]!) highest = index
    }
    kept.add(Math.min(lowest, highest)).add(Math.max(lowest, highest))
  }
  kept.add(last)
  const bytes = new Uint8Array(kept.size * pointBytes)
  let end = 0
  for (const index of kept) {
    bytes.set(points.subarray(index * pointBytes, (index + 1) * pointBytes), end)
    end += pointBytes
  }
  return bytes
}
