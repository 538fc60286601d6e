import { downsample } from './downsampling.ts'
import { badMaxPoints } from './errors.ts'
import type { MetricParts } from './ports.ts'
import type { MetricSeries } from './series.ts'

const mostPoints = 100_000

/** The series of a job, each of at most `maxPoints` points, chosen so that spikes stay. */
export async function readMetrics(
  { metrics }: MetricParts,
  jobId: string,
  { names, maxPoints }: { readonly names?: readonly string[] | null; readonly maxPoints: number },
): Promise<readonly MetricSeries[]> {
  if (maxPoints < 3 || maxPoints > mostPoints) throw badMaxPoints(maxPoints, mostPoints)
  const series = await metrics.series(jobId, names ?? undefined)
  return series.map(({ name, points }) => ({ name, points: downsample(points, maxPoints) }))
}
