import type { Curve } from './points.ts'

/**
 * Largest-triangle-three-buckets (Steinarsson 2013, "Downsampling Time Series for Visual Representation", §4.2): keeps
 * the first and the last point, and of each of limit − 2 equal buckets between the one that spans the largest triangle
 * with the point kept before and the mean of the bucket behind. So a spike of a single step stays. Gives the places of
 * the points that it keeps; `limit` is at least 3.
 */
export function downsample(curve: Curve, limit: number): readonly number[] {
  const { length } = curve.steps
  if (length <= limit) return Array.from({ length }, (_, index) => index)
  const size = (length - 2) / (limit - 2)
  const startOf = (bucket: number) => Math.min(Math.floor(bucket * size) + 1, length - 1)

  const kept = [0]
  for (let bucket = 0; bucket < limit - 2; bucket++) {
    const [from, to] = [startOf(bucket), startOf(bucket + 1)]
    const behind = bucket + 1 < limit - 2 ? startOf(bucket + 2) : length
    kept.push(farthest(curve, from, to, kept.at(-1)!, meanOf(curve, to, behind)))
  }
  return [...kept, length - 1]
}

interface Place {
  readonly step: number
  readonly value: number
}

function meanOf({ steps, values }: Curve, from: number, to: number): Place {
  let [step, value] = [0, 0]
  for (let index = from; index < to; index++) {
    step += steps[index]!
    value += values[index]!
  }
  return { step: step / (to - from), value: value / (to - from) }
}

/** The candidate of the largest triangle area, which is |(a−c)×(b−a)| / 2. */
function farthest({ steps, values }: Curve, from: number, to: number, before: number, after: Place): number {
  const [step, value] = [steps[before]!, values[before]!]
  let [best, largest] = [from, -1]
  for (let index = from; index < to; index++) {
    const area = Math.abs(
      (step - after.step) * (values[index]! - value) - (step - steps[index]!) * (after.value - value),
    )
    if (area > largest) [best, largest] = [index, area]
  }
  return best
}
