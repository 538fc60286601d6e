import { counted } from '../../../engine/counted.ts'
import { newId } from '../../../kernel/ids.ts'
import { jobQueued, placeOf, type TrainingJob, untouched } from '../jobs/job.ts'
import { requiredMemory } from '../recipes/memory.ts'
import { nextMoves } from './moves.ts'
import type { SweepChange, SweepEvent } from './ports.ts'
import {
  interrupted,
  lossOf,
  ranked,
  type Sweep,
  sweepProgress,
  type Trial,
  tallied,
  underway,
  unfinished,
} from './sweep.ts'

/** What follows from how a sweep stands, and from the news about one of its trials, if any. */
export function advanced(before: Sweep, now: Date, news: Trial | null = null): SweepChange | null {
  const trials = before.trials.map(trial => (trial.number === news?.number ? news : trial))
  const sweep = { ...before, trials }
  const known = news ? [news] : []
  // Paused or over, it takes note, and moves nothing.
  if (sweep.status !== 'RUNNING') return news && { trials: known, events: progressed }
  const { begin, promote, end } = nextMoves(sweep)
  if (end) return ended(sweep, end.best, now, known)
  if (known.length + begin.length + promote.length === 0) return null
  const promoted = promote.map(trial => ({ ...trial, rung: trial.rung + 1 }))
  return {
    // Whoever has just come to a rung may go on at once.
    trials: [...known.filter(trial => !promote.includes(trial)), ...promoted],
    begun: begin.map(trial => {
      const job = childOf(sweep, trial, now)
      return { trial, job, event: jobQueued(job) }
    }),
    moved: promoted.map(({ job, rung }) => goingOn(job!, now, pauseAt(sweep, rung))),
    events: progressed,
  }
}

export const paused = (sweep: Sweep): SweepChange => ({
  sweep: { status: 'PAUSED' },
  moved: underway(sweep).map(job => ({
    job,
    change: { status: 'PAUSED' },
    event: { topic: 'job.paused', data: placeOf(job) },
  })),
  events: progressed,
})

/** Its trials go on, and what came meanwhile has its effect. */
export function resumed(before: Sweep, now: Date): SweepChange {
  const jobs = interrupted(before)
  const trials = before.trials.map(trial =>
    trial.job && jobs.includes(trial.job) ? { ...trial, job: { ...trial.job, status: 'QUEUED' as const } } : trial,
  )
  const next = advanced({ ...before, status: 'RUNNING', trials }, now)
  const moved = jobs.map(job => goingOn(job, now, job.pauseAt))
  return {
    ...next,
    sweep: { status: 'RUNNING', ...next?.sweep },
    moved: [...moved, ...(next?.moved ?? [])],
    events: next?.events ?? progressed,
  }
}

export const cancelled = (sweep: Sweep, now: Date): SweepChange => ({
  sweep: { status: 'CANCELLED', finishedAt: now },
  moved: unfinished(sweep).map(job => givenUp(job, now)),
  events: progressed,
})

function ended(sweep: Sweep, best: Trial | null, now: Date, trials: readonly Trial[]): SweepChange {
  // Those that wait at a rung will not be promoted any more.
  const moved = unfinished(sweep).map(job => givenUp(job, now))
  if (!best) {
    const failure = sweep.trials.findLast(({ job }) => job?.error)?.job?.error
    const reason = failure ? `; the last to fail said ${failure.code}: ${failure.message}` : ''
    const error = {
      code: failure?.code ?? 'CONFLICT',
      message: `None of ${counted(sweep.trials.length, 'trial')} made a model${reason}`,
    }
    return { sweep: { status: 'FAILED', finishedAt: now, error }, trials, moved, events: progressed }
  }
  return {
    sweep: { status: 'COMPLETED', finishedAt: now, best: best.number },
    trials,
    moved,
    events: sweep => [completed(sweep, best), ...progressed(sweep)],
  }
}

function completed({ id }: Sweep, best: Trial): SweepEvent {
  const { registers: _not, ...job } = best.completion!
  return { topic: 'sweep.completed', data: { sweepId: id, trial: best.number, loss: lossOf(best)!, job } }
}

function progressed(sweep: Sweep): readonly SweepEvent[] {
  const [leader] = ranked(sweep.trials)
  const { id: sweepId, status } = sweep
  const data = {
    sweepId,
    status,
    progress: sweepProgress(sweep, tallied(sweep.trials)),
    loss: leader ? lossOf(leader) : null,
  }
  return [{ topic: 'sweep.progressed', data }]
}

const goingOn = (job: TrainingJob, now: Date, pauseAt: number | null) => ({
  job,
  change: { status: 'QUEUED', queuedAt: now, pauseAt } as const,
  event: { topic: 'job.resumed', data: placeOf(job) } as const,
})

const givenUp = (job: TrainingJob, now: Date) => ({
  job,
  change: { status: 'CANCELLED', finishedAt: now } as const,
  event: { topic: 'job.cancelled', data: placeOf(job) } as const,
})

/** At its last rung a trial does not pause: it makes its model. */
const pauseAt = ({ plan: { rungs } }: Sweep, rung: number): number | null =>
  rung < rungs.length - 1 ? rungs[rung]! : null

const childOf = (sweep: Sweep, { preset, config }: Trial, now: Date): TrainingJob => ({
  ...untouched,
  ...sweep.shared,
  id: newId('job'),
  phase: 'COGNATE',
  preset,
  seed: config.seed,
  totalSteps: config.steps,
  config,
  memoryBytes: requiredMemory(config),
  runId: null,
  stepName: null,
  groupId: null,
  controlOf: null,
  idempotencyKey: null,
  sweepId: sweep.id,
  pauseAt: pauseAt(sweep, 0),
  createdAt: now,
  queuedAt: now,
})
