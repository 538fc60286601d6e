import { hash } from 'node:crypto'

/** Documents fall into as many lots by their hash. */
export const LOTS = 65_536

/**
 * The lot of a document, drawn by its first frame: equal documents have one lot, in every dataset and on every machine, so
 * that none stands on both sides of a split.
 */
export const lotOf = (firstFrame: Uint8Array): number => hash('sha256', firstFrame, 'buffer').readUInt16BE()

/**
 * Lots below the answer are kept for validation: as many as come closest to `share` of all bytes, at least one, and never
 * all. Null where all documents have one lot, so that whole documents cannot be kept back.
 */
export function validationLots(bytesOfLots: Float64Array, share: number): number | null {
  const whole = bytesOfLots.reduce((sum, bytes) => sum + bytes, 0)
  let best: number | null = null
  let bestDistance = Number.POSITIVE_INFINITY
  let before = 0
  for (const [lot, bytes] of bytesOfLots.entries()) {
    if (bytes === 0) continue
    before += bytes
    const distance = Math.abs(before - share * whole)
    if (before === whole || distance >= bestDistance) break
    best = lot + 1
    bestDistance = distance
  }
  return best
}
