import type { TrainingProgress } from '../jobs.ts'
import { lossCurve } from './loss-curve.ts'
import { progressBar } from './progress-bar.ts'
import { type Session, Unsuccessful } from './session.ts'

/** Shows what has begun; not as JSON where it is watched, as every line is an event of it then. */
export function showBegun<T>({ json, show }: Session, begun: T, text: (begun: T) => string, watch = false): void {
  if (!watch || !json) show(begun, text)
}

/** Follows a job until it has ended: a bar and then the curve, or a line of JSON per event. */
export async function watchJob(session: Session, jobId: string): Promise<void> {
  const { forge, json, screen, signal, say } = session
  const bar = progressBar(screen)
  const points: TrainingProgress['points'][number][] = []
  let last: TrainingProgress | undefined
  for await (const event of forge.trainingProgress(jobId, { signal })) {
    last = event
    points.push(...event.points)
    if (json) say(JSON.stringify(event))
    else bar.update(event)
  }
  bar.stop()
  if (!json) {
    const named = (name: string) => points.filter(point => point.name === name)
    const curve = lossCurve(named('loss'), named('validation_loss'), screen.columns)
    if (curve) say(`\n${curve}\n`)
    say(ending(jobId, last))
  }
  // Whoever left before the end has not seen it fail.
  if (last && ['FAILED', 'CANCELLED'].includes(last.status)) throw new Unsuccessful()
}

function ending(jobId: string, last: TrainingProgress | undefined): string {
  if (!last) return `${jobId} has told nothing.`
  const { status, step, totalSteps, job } = last
  const reason = job?.error ? `: ${job.error.message}` : job?.stopReason ? `: ${job.stopReason}` : ''
  return `${jobId} is ${status} at step ${step} of ${totalSteps}${reason}`
}

/** Follows a run until it has ended, with the bar of the job of its current step. */
export async function watchRun(session: Session, runId: string): Promise<void> {
  const { forge, json, say, signal } = session
  const watched = new Set<string>()
  for await (const event of forge.pipelineProgress(runId, { signal })) {
    if (json) say(JSON.stringify(event))
    const job = event.steps.find(step => step.job && !watched.has(step.job.id))?.job
    if (json || !job) continue
    watched.add(job.id)
    say(`${event.steps.find(step => step.job?.id === job.id)!.name}: ${job.id}`)
    await watchJob(session, job.id).catch(error => {
      if (!(error instanceof Unsuccessful)) throw error
    })
  }
  if (signal.aborted) return
  const run = await forge.pipelineRun(runId)
  if (!json) {
    const outputs = run.steps.flatMap(({ output }) => (output ? [output.ref] : []))
    say(`${run.id} is ${run.status}${run.error ? `: ${run.error.message}` : ''} ${outputs.join(', ')}`.trimEnd())
  }
  if (run.status !== 'COMPLETED') throw new Unsuccessful()
}
