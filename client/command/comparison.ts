import { writeFile } from 'node:fs/promises'
import { type Curve, curvesSvg } from '../../engine/plots/curves-svg.ts'
import { ForgeError } from '../errors.ts'
import type { JobDetails } from '../jobs.ts'
import { curvesChart } from './loss-curve.ts'
import type { Session } from './session.ts'

interface Options {
  readonly metric: string
  readonly svg?: string
}

/** One metric of two jobs in one chart; without a second job, of a job and its control. */
export async function compareJobs(session: Session, [id, other]: [string, string?], { metric, svg }: Options) {
  const { forge, show, screen } = session
  const fetch = (jobId: string) => forge.job(jobId, { names: [metric], maxPoints: 1_000 })
  const first = await fetch(id)
  const secondId = other ?? first.control?.id
  if (secondId === undefined)
    throw new ForgeError(
      'INVALID_INPUT',
      `Job ${id} has no control to be compared with: name a second job, or start it with --control.`,
    )
  const jobs = [first, await fetch(secondId)]
  const curves = jobs.map(job => curveOf(job, metric))

  const drawn = curvesSvg(`${metric} by step`, curves)
  if (svg !== undefined) {
    if (drawn === null)
      throw new ForgeError('NOT_FOUND', `Neither job has measured ${metric}: there is nothing to draw.`)
    await writeFile(svg, drawn)
  }
  show({ metric, jobs: jobs.map(({ id }, index) => ({ id, points: curves[index]!.points })) }, () => {
    const chart = curvesChart(curves, metric, screen.columns)
    return [chart || `Neither job has two points of ${metric} yet.`, ...(svg === undefined ? [] : ['', svg])].join('\n')
  })
}

/** Told apart by what differs most often: the filter. */
function curveOf(job: JobDetails, metric: string): Curve {
  const { grokfast } = job.config as { grokfast?: { kind: string } | null }
  const points = job.metrics.find(({ name }) => name === metric)?.points ?? []
  return { label: `${job.modelName}, seed ${job.seed}, ${grokfast?.kind ?? 'no filter'}`, points }
}
