import { hash } from 'node:crypto'

/** Documents fall into as many lots by their hash. */
export const LOTS = 65_536

/**
 * The lot of a document, drawn by its first frame: equal documents have one lot, in every dataset and on every machine, so
 * that none stands on both sides of a split.
 */
export const lotOf = (firstFrame: Uint8Array): number => hash('sha256', firstFrame, 'buffer').readUInt16BE()

/** As near to the share of all bytes is near enough. */
const tolerance = 0.01

/** The documents that are kept for validation, as the summary of a content says it. */
export interface Split {
  /** Lots below are kept; null where whole documents cannot be, for all have one lot. */
  readonly validationLots: number | null
  /** But for these. Not there where it would be empty, as in contents of before there were such. */
  readonly passedOver?: readonly number[]
}

/**
 * Keeps lots in their order, and passes over those with which there would not be closer to `share`, which is under a
 * half, of all bytes; at least one, and never all. It is off by no more than half of the largest lot, or by less than the
 * smallest where one is too much already. So at most some hundreds of lots are passed over, each a large one.
 */
export function splitLots(bytesOfLots: Float64Array, share: number): Split {
  const lots = Array.from(bytesOfLots.entries()).filter(([, bytes]) => bytes > 0)
  if (lots.length < 2) return { validationLots: null }
  const wanted = share * bytesOfLots.reduce((sum, bytes) => sum + bytes, 0)
  const kept = new Set<number>()
  let missing = wanted
  for (const [lot, bytes] of lots) {
    if (missing <= tolerance * wanted) break
    if (Math.abs(missing - bytes) >= missing) continue
    kept.add(lot)
    missing -= bytes
  }
  if (kept.size === 0) kept.add(lots.reduce((least, lot) => (lot[1] < least[1] ? lot : least))[0])
  const validationLots = Math.max(...kept) + 1
  const passedOver = lots.map(([lot]) => lot).filter(lot => lot < validationLots && !kept.has(lot))
  return { validationLots, ...(passedOver.length > 0 && { passedOver }) }
}

/** Whether a split keeps the document that begins so. */
export function keeps({ validationLots, passedOver = [] }: Split): (firstFrame: Uint8Array) => boolean {
  const others = new Set(passedOver)
  return firstFrame => {
    const lot = lotOf(firstFrame)
    return lot < (validationLots ?? 0) && !others.has(lot)
  }
}
