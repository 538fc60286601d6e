import type { Identity } from '../../../kernel/auth/identity.ts'
import { newId } from '../../../kernel/ids.ts'
import { isFinished } from '../../../schema/values.ts'
import { checkedIdempotencyKey } from '../idempotency.ts'
import { keyReused } from '../jobs/errors.ts'
import { jobQueued, type TrainingJob, untouched } from '../jobs/job.ts'
import type { JobParts } from '../jobs/ports.ts'
import { accessibleJob } from '../jobs/service.ts'
import { curveOf, pointBytes } from '../metrics/points.ts'
import type { MetricParts } from '../metrics/ports.ts'
import { type Comparison, comparedMetrics, compareRuns } from './comparison.ts'
import { jobNotFinished, nothingToRepeat, phaseNotRepeatable } from './errors.ts'
import { repeatedConfig, repeatedNeeds } from './rerun.ts'

/** More than there can be: nothing less than all points will do. */
const everyPoint = Math.floor(Number.MAX_SAFE_INTEGER / pointBytes)

/** Queues a finished job once more: same settings, seed, data and executor. Its model gets no version of it. */
export async function rerunJob(
  parts: JobParts,
  identity: Identity,
  id: string,
  key?: string | null,
): Promise<TrainingJob> {
  const origin = await accessibleJob(parts, identity, id)
  if (!isFinished(origin.status)) throw jobNotFinished(origin)
  if (origin.phase !== 'COGNATE') throw phaseNotRepeatable(origin)
  if (origin.step === 0) throw nothingToRepeat(origin)
  const idempotencyKey = checkedIdempotencyKey(key)
  const rerun: TrainingJob = {
    ...origin,
    ...untouched,
    id: newId('job'),
    config: repeatedConfig(origin),
    requirements: repeatedNeeds(origin),
    executor: origin.executor,
    rerunOf: origin.id,
    principal: identity.principal,
    runId: null,
    stepName: null,
    groupId: null,
    controlOf: null,
    idempotencyKey,
    createdAt: parts.now(),
    queuedAt: parts.now(),
  }
  const stored = await parts.jobs.add(rerun, jobQueued(rerun))
  if (idempotencyKey !== null && stored.rerunOf !== origin.id) throw keyReused(idempotencyKey, stored)
  return stored
}

/** What a rerun has shown, once it has ended; null before, and for a job that is none. */
export async function comparisonOf(
  { jobs, metrics }: Pick<JobParts, 'jobs'> & MetricParts,
  rerun: TrainingJob,
): Promise<Comparison | null> {
  if (rerun.rerunOf === null || !isFinished(rerun.status)) return null
  const origin = await jobs.find(rerun.rerunOf)
  if (!origin) return null
  const run = async (job: TrainingJob) => {
    const series = await metrics.series(job.id, comparedMetrics, everyPoint)
    return { ...job, curves: series.map(({ name, points }) => ({ name, ...curveOf(points) })) }
  }
  return compareRuns(await run(origin), await run(rerun))
}
