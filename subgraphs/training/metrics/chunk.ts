import type { MetricPoint } from '../../../schema/values.ts'
import { extremesOf } from './extremes.ts'
import { countOf, type PackedPoints, packPoints } from './points.ts'

/** Steps of one chunk as it is written, so few that a row is short enough to be written again with every batch. */
const chunkSteps = 64
/** Chunks that become one when the last of them is full: 4,096 steps. */
const mergedChunks = 64
/** A chunk of fewer points is read whole. */
const fewPoints = 256

/** Points of one metric in a row. Chunks follow each other by number, and no step is in two of them. */
export interface Chunk {
  readonly name: string
  /** ⌊step / 64⌋ of its first step. */
  readonly number: number
  readonly firstStep: number
  readonly lastStep: number
  readonly points: Uint8Array<ArrayBuffer>
}

const numberOf = (step: number): number => Math.floor(step / chunkSteps)

/** The points as chunks, or the beginnings of chunks. */
export function chunksOf(points: readonly MetricPoint[]): Chunk[] {
  const groups = Map.groupBy(points, ({ name, step }) => `${numberOf(step)} ${name}`)
  return Array.from(groups.values(), group => ({
    name: group[0]!.name,
    number: numberOf(group[0]!.step),
    firstStep: group[0]!.step,
    lastStep: group.at(-1)!.step,
    points: packPoints(group),
  }))
}

/** Chunks of a lower number than this are to be merged once a step is stored that has not been before; else null. */
export function mergeableBelow(lastStep: number, newStep: number): number | null {
  const group = Math.floor(numberOf(newStep) / mergedChunks)
  return group > Math.floor(numberOf(lastStep) / mergedChunks) ? group * mergedChunks : null
}

/** What is stored beside the points of a merged chunk; null where reading all of them costs no more. */
export const extremesOfMerged = (points: PackedPoints) => (countOf(points) < fewPoints ? null : extremesOf(points))
