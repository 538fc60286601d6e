import { nextPromotion } from '../../../engine/search/asha.ts'
import type { EventData } from '../../../schema/events.ts'
import { ranked, type Sweep, type Trial, trialStatus } from './sweep.ts'

/** What a sweep does next. */
export interface Moves {
  readonly begin: readonly Trial[]
  /** From the rung at which each waits to the next. */
  readonly promote: readonly Trial[]
  /** It is over: with its best trial, or without one when none made a model. */
  readonly end: { readonly best: Trial | null } | null
}

/** The trial's loss at the rung of this step; told again, or of another step, it changes nothing. */
export function withLoss(trial: Trial, rungs: readonly number[], step: number, loss: number): Trial {
  const isDue = rungs[trial.rung] === step && trial.losses.length === trial.rung
  return isDue ? { ...trial, losses: [...trial.losses, loss] } : trial
}

/** A trial that has made its model stands in the last rung; one that ended early, with the same loss in all above its own. */
export function withCompletion(trial: Trial, rungs: readonly number[], completion: EventData<'job.completed'>): Trial {
  const loss = completion.metrics.find(({ name }) => name === 'validation_loss')!.value
  const missing = Math.max(0, rungs.length - trial.losses.length)
  return { ...trial, completion, rung: rungs.length - 1, losses: [...trial.losses, ...Array(missing).fill(loss)] }
}

/** Decided on nothing but the state, so that deciding again after a lost event, or twice, does no harm. */
export function nextMoves({ plan, parallel, trials }: Sweep): Moves {
  const states = trials.map(trial => ({ trial, status: trialStatus(trial) }))
  const numbered = (wanted: string) => states.filter(({ status }) => status === wanted).map(({ trial }) => trial)
  const pending = numbered('PENDING')
  const training = numbered('TRAINING').length
  const begin: Trial[] = []
  const promote: Trial[] = []
  while (training + begin.length + promote.length < parallel) {
    const best = nextPromotion(rungsOfTrials(trials, plan.rungs.length, promote), plan.eta)
    const next = pending[begin.length]
    if (best) promote.push(best.trial)
    else if (next) begin.push(next)
    else break
  }
  const moves = { begin, promote, end: null }
  // A trial that somebody has paused may still win.
  const isUndecided = training + begin.length + promote.length + numbered('PAUSED').length > 0
  if (isUndecided) return moves

  const [winner = null] = ranked(numbered('COMPLETED'))
  if (winner) return { ...moves, end: { best: winner } }
  // Too few, or those that were ahead have failed: the best that is left makes the model.
  const [leader] = ranked(numbered('WAITING'))
  return leader ? { ...moves, promote: [leader] } : { ...moves, end: { best: null } }
}

/** What every trial came to at every rung that it has left, or lost. `promoted` are on their way already. */
function rungsOfTrials(trials: readonly Trial[], count: number, promoted: readonly Trial[]) {
  return Array.from({ length: count }, (_, rung) =>
    trials.flatMap(trial => {
      const status = trialStatus(trial)
      const isLost = trial.rung === rung && (status === 'FAILED' || status === 'CANCELLED')
      const loss = trial.losses[rung] ?? (isLost ? Number.POSITIVE_INFINITY : null)
      const waits = status === 'WAITING' && trial.rung === rung && !promoted.includes(trial)
      return loss === null ? [] : [{ trial, loss, waits }]
    }),
  )
}
