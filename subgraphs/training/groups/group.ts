import { progressOf, type TrainingJob } from '../jobs/job.ts'

/** Models of one recipe and data that differ by their seed alone, and so show what chance does. */
export interface CognateGroup {
  readonly id: string
  readonly project: string
  /** By the order of the seeds. */
  readonly jobs: readonly TrainingJob[]
}

/** One metric over the siblings that have it. */
export interface GroupMetric {
  readonly name: string
  readonly siblings: number
  readonly mean: number
  /** Sample standard deviation, √(Σ(x − mean)² / (n − 1)); 0 of a single sibling. */
  readonly spread: number
  readonly least: number
  readonly most: number
}

/** Seeds of the original's three models. */
export const cognateSeeds = [42, 1337, 2023] as const

export const groupProgress = ({ jobs }: CognateGroup): number =>
  jobs.reduce((sum, job) => sum + progressOf(job), 0) / jobs.length

export function groupMetric(name: string, values: readonly number[]): GroupMetric {
  const siblings = values.length
  const mean = values.reduce((sum, value) => sum + value, 0) / siblings
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  const spread = Math.sqrt(squares / Math.max(1, siblings - 1))
  return { name, siblings, mean, spread, least: Math.min(...values), most: Math.max(...values) }
}
