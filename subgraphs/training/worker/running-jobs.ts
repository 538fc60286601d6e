import type { TrainingJob } from '../jobs/job.ts'
import type { Capacity } from '../scheduling/turn.ts'

export type RunningJobs = ReturnType<typeof runningJobs>

/** The jobs of one machine, and what they leave of it. */
export function runningJobs(total: Capacity) {
  const jobs = new Map<string, TrainingJob>()
  const used = (): Capacity => {
    const all = [...jobs.values()]
    return {
      slots: all.reduce((sum, { slots }) => sum + slots, 0),
      memoryBytes: all.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
    }
  }
  return {
    ids: (): readonly string[] => [...jobs.keys()],
    used,
    room(): Capacity {
      const { slots, memoryBytes } = used()
      return { slots: total.slots - slots, memoryBytes: total.memoryBytes - memoryBytes }
    },
    begin: (job: TrainingJob) => void jobs.set(job.id, job),
    end: ({ id }: TrainingJob) => void jobs.delete(id),
  }
}
