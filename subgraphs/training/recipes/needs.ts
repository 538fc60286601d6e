import { z } from 'zod'
import { executorNames } from '../../../engine/executors/executor-names.ts'
import { lowestPriority, plainNeeds } from '../jobs/job.ts'
import { unknownExecutor } from './errors.ts'

const labels = z.array(z.string().regex(/^[a-z0-9][a-z0-9._/=-]{0,62}$/i)).max(20)

/** What a client may ask of the scheduler, whatever the phase. */
export const needSettings = {
  priority: z.int().min(0).max(lowestPriority),
  labels,
  requirements: labels,
  slots: z.int().min(1).max(1_024),
  retries: z.int().min(0).max(20),
}

type NeedSettings = Partial<z.infer<z.ZodObject<typeof needSettings>>>

/** What a job asks of the scheduler. Throws INVALID_INPUT for an executor that there is not: such a job would wait for ever. */
export function needsOf({
  priority = plainNeeds.priority,
  labels = [],
  requirements = [],
  slots = plainNeeds.slots,
  retries = plainNeeds.retries,
}: NeedSettings) {
  for (const label of requirements) {
    const [, name] = /^executor=(.*)$/.exec(label) ?? []
    if (name !== undefined && !executorNames.some(known => known === name)) throw unknownExecutor(name, executorNames)
  }
  return { priority, labels, requirements, slots, retries }
}
