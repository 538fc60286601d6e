import type { TrainingJob } from '../jobs/job.ts'

/** What a machine has to give, and what a job takes of it. */
export interface Capacity {
  readonly slots: number
  readonly memoryBytes: number
}

/** A machine as the line of jobs sees it. */
export interface Machine {
  readonly labels: readonly string[]
  /** All that it has, whether in use or not. */
  readonly total: Capacity
}

/** A job whose turn may be next. */
export interface Candidate extends Capacity {
  readonly id: string
  readonly waitedMs: number
}

export type Needs = Pick<TrainingJob, 'requirements' | 'slots' | 'memoryBytes'>

/**
 * Who is next: the lowest of `priority + fairShare · turn - waited / ageMs`, where the turn of a job is how many slots
 * its project has in use, and how many jobs of the project come before it. Priority orders a project's own jobs; between
 * projects, one job that already runs outweighs a hundred points. As waiting counts without a limit and nothing else
 * does, every job is first at some time.
 */
export const fairShare = 100
export const ageMs = 6_000

/** A job that has waited so long for a machine to have room is no longer passed by smaller ones. */
export const patienceMs = 120_000

/** So much of the line is shown at most. */
export const longestLine = 500

const fits = (needs: Capacity, room: Capacity): boolean =>
  needs.slots <= room.slots && needs.memoryBytes <= room.memoryBytes

/** Those that may begin now, in the order of their turns; none past one for which the machine is to be kept free. */
export function startable(line: readonly Candidate[], room: Capacity): readonly Candidate[] {
  const reserved = line.findIndex(job => !fits(job, room) && job.waitedMs > patienceMs)
  return line.slice(0, reserved === -1 ? undefined : reserved).filter(job => fits(job, room))
}

/** Whether a machine could run a job once it is free. */
export const suits = ({ requirements, ...needs }: Needs, { labels, total }: Machine): boolean =>
  requirements.every(label => labels.includes(label)) && fits(needs, total)
