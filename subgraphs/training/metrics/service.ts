import type { TrainingJob } from '../jobs/job.ts'
import { downsample } from './downsampling.ts'
import { badMaxPoints } from './errors.ts'
import { curveOf, pointAt } from './points.ts'
import type { MetricParts } from './ports.ts'
import type { MetricSeries } from './series.ts'

const mostPoints = 100_000
/** So many candidates for each point that is kept leave nothing to be seen of the choice before (arXiv:2305.00332, §4). */
const candidates = 4

/** The series of a job, each of at most `maxPoints` points, chosen so that spikes stay. */
export async function readMetrics(
  { metrics }: MetricParts,
  jobId: string,
  { names, maxPoints }: { readonly names?: readonly string[] | null; readonly maxPoints: number },
): Promise<readonly MetricSeries[]> {
  if (maxPoints < 3 || maxPoints > mostPoints) throw badMaxPoints(maxPoints, mostPoints)
  const series = await metrics.series(jobId, names ?? null, candidates * maxPoints)
  return series.map(({ name, points }) => ({
    name,
    points: downsample(curveOf(points), maxPoints).map(index => pointAt(points, index)),
  }))
}

/** Seconds until the last step of a job at its present pace; null while it does not run, or has made no step yet. */
export async function secondsLeft({ metrics, now }: MetricParts, { id, status }: Pick<TrainingJob, 'id' | 'status'>) {
  if (status !== 'RUNNING') return null
  const eta = (await metrics.newest(id)).find(({ name }) => name === 'eta_seconds')
  return eta ? Math.max(0, eta.value - (now().getTime() - eta.at.getTime()) / 1000) : null
}
