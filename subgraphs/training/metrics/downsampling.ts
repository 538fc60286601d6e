import type { Point } from './series.ts'

/**
 * Largest-triangle-three-buckets (Steinarsson 2013, "Downsampling Time Series for Visual Representation", §4.2): keeps
 * the first and the last point, and of each of limit − 2 equal buckets between the one that spans the largest triangle
 * with the point kept before and the mean of the bucket behind. So a spike of a single step stays. `limit` is at least 3.
 */
export function downsample(points: readonly Point[], limit: number): readonly Point[] {
  if (points.length <= limit) return points
  const size = (points.length - 2) / (limit - 2)
  const bucketAt = (index: number) => {
    const [from, to] = [Math.floor(index * size) + 1, Math.floor((index + 1) * size) + 1]
    return points.slice(from, Math.min(to, points.length - 1))
  }

  const kept = [points[0]!]
  for (let index = 0; index < limit - 2; index++) {
    const next = index + 1 < limit - 2 ? bucketAt(index + 1) : [points.at(-1)!]
    kept.push(farthest(bucketAt(index), kept.at(-1)!, meanOf(next)))
  }
  return [...kept, points.at(-1)!]
}

interface Place {
  readonly step: number
  readonly value: number
}

function meanOf(points: readonly Place[]): Place {
  const sum = points.reduce((a, b) => ({ step: a.step + b.step, value: a.value + b.value }), { step: 0, value: 0 })
  return { step: sum.step / points.length, value: sum.value / points.length }
}

/** The candidate of the largest triangle area, which is |(a−c)×(b−a)| / 2. */
function farthest(candidates: readonly Point[], before: Place, after: Place): Point {
  let [best, largest] = [candidates[0]!, -1]
  for (const candidate of candidates) {
    const area = Math.abs(
      (before.step - after.step) * (candidate.value - before.value) -
        (before.step - candidate.step) * (after.value - before.value),
    )
    if (area > largest) [best, largest] = [candidate, area]
  }
  return best
}
