import { counted } from '../../../engine/counted.ts'
import { type Identity, mayAccess } from '../../../kernel/auth/identity.ts'
import type { Claim, Place } from '../attempts/attempt.ts'
import { claimJob } from '../attempts/service.ts'
import type { Fleet } from '../fleet/ports.ts'
import type { TrainingJob } from '../jobs/job.ts'
import type { Jobs } from '../jobs/ports.ts'
import { badLength } from './errors.ts'
import type { SchedulingParts } from './ports.ts'
import { type Capacity, longestLine, type Machine, startable, suits } from './turn.ts'

/** Begins an attempt at the job whose turn it is on a machine with so much room, of those that waited so long, or none. */
export async function claimNext(
  parts: SchedulingParts,
  place: Place,
  machine: Machine,
  room: Capacity,
  minWaitMs = 0,
): Promise<Claim | null> {
  if (room.slots < 1) return null
  for (const { id, waitedMs } of startable(await parts.line.suitable(machine), room)) {
    if (waitedMs < minWaitMs) continue
    const claim = await claimJob(parts, id, place)
    // Another machine may have been faster.
    if (typeof claim !== 'string') return claim
  }
  return null
}

type WaitingParts = Pick<SchedulingParts, 'line' | 'now'> & { readonly jobs: Pick<Jobs, 'find'>; readonly fleet: Fleet }

/** A job that waits, and for what. */
export interface Waiting {
  readonly job: TrainingJob
  /** From 1. */
  readonly position: number
  readonly waitsFor: string
}

/** The line of those that wait, whose turn is next first; of other projects' jobs only the places count. */
export async function listWaiting(
  { line, jobs, fleet, now }: WaitingParts,
  identity: Identity,
  first: number,
): Promise<readonly Waiting[]> {
  if (!Number.isInteger(first) || first < 1 || first > longestLine) throw badLength(first)
  const [places, machines] = [await line.waiting(longestLine), await fleet.machines()]
  const seen = places
    .map(({ id, project }, index) => ({ id, project, position: index + 1 }))
    .filter(({ project }) => mayAccess(identity, project))
    .slice(0, first)
  const found = await Promise.all(
    seen.map(async ({ id, position }) => {
      const job = await jobs.find(id)
      return job && { job, position, waitsFor: reasonToWait(job, machines, now()) }
    }),
  )
  return found.filter(waiting => waiting !== null)
}

/** What must happen before a job can begin. */
export function reasonToWait(job: TrainingJob, machines: readonly Machine[], now: Date): string {
  if (job.notBefore && job.notBefore > now) {
    return `the time ${job.notBefore.toISOString()}: its last attempt was lost, for the ${ordinal(job.crashes)} time`
  }
  if (machines.length === 0) return 'a worker: none has reported within the last minute'
  if (machines.some(machine => suits(job, machine))) return 'a machine with room'
  const missing = job.requirements.filter(label => !machines.some(({ labels }) => labels.includes(label)))
  if (missing.length > 0) return `a worker with the label ${missing.map(label => `"${label}"`).join(' and ')}`
  const labels = job.requirements.length > 0 ? ` and the labels ${job.requirements.join(', ')}` : ''
  return `a worker with ${counted(job.slots, 'slot')}, ${(job.memoryBytes / 1e9).toFixed(1)} GB of memory${labels}`
}

const ordinal = (count: number) => ['first', 'second', 'third'][count - 1] ?? `${count}th`
