import type { Log } from '../../../kernel/log.ts'
import { backoff, pause } from '../../../kernel/resilience/pause.ts'
import { unrecorded } from '../../../kernel/telemetry/spans.ts'
import type { JobStatus } from '../../../schema/values.ts'
import { type Claim, leaseMs } from '../attempts/attempt.ts'
import type { AttemptParts } from '../attempts/ports.ts'
import * as attempts from '../attempts/service.ts'
import { lineText } from '../logs/line.ts'
import type { FromTrainer } from '../trainer/protocol.ts'
import type { TrainingMetrics } from './metrics.ts'
import type { Printed } from './output.ts'
import type { Said } from './process.ts'

/** With one of these a process ends. */
export type LastWord = Extract<FromTrainer, { kind: 'completed' | 'failed' | 'stopped' | 'paused' }>

export const isLastWord = (said: Said): said is LastWord =>
  said.kind === 'completed' || said.kind === 'failed' || said.kind === 'stopped' || said.kind === 'paused'

/** Writes down what the process of one attempt says. */
export function openReports(
  parts: AttemptParts,
  claim: Claim,
  log: Log,
  meter: ReturnType<TrainingMetrics['begin']> | undefined,
) {
  const { attempt } = claim
  let step = claim.checkpoints[0]?.step ?? 0
  let printed = 0

  const print = async (lines: readonly Printed[]): Promise<JobStatus | null> => {
    const numbered = lines.map(line => ({ ...line, attempt: attempt.number, step: null }))
    const status = await unrecorded(() => parts.attempts.print(attempt, printed, numbered))
    // Only now: what is written again after a failure has to begin at the same place.
    printed += lines.length
    return status
  }

  const say = (event: string, text: string) =>
    print([{ at: parts.now(), source: 'FORGE', event, text: lineText(text) }])

  /** Answers the status of the job, null when it is no longer the attempt's; undefined when it was not asked for. */
  async function store(said: Said): Promise<JobStatus | null | undefined> {
    switch (said.kind) {
      case 'points':
        step = said.step
        meter?.record(said.points, step)
        return unrecorded(() => attempts.recordPoints(parts, claim, said.step, said.points))
      case 'output':
        return print(said.lines)
      case 'preparing':
        return say('preparing', said.message)
      case 'warning':
        log.warn(said.message)
        return say('warned', said.message)
      case 'checkpoint': {
        const { kind: _, ...saved } = said
        return attempts.recordCheckpoint(parts, claim, saved)
      }
      case 'completed':
        await attempts.completeAttempt(parts, claim, said)
        return undefined
      case 'failed':
        await attempts.failAttempt(parts, claim, said.step, said.error)
        return undefined
      case 'paused':
        await attempts.pauseAttempt(parts, claim, said.step, said.validationLoss)
        return undefined
      case 'stopped':
        await attempts.releaseAttempt(parts, claim, said.step)
        return undefined
    }
  }
  return {
    /** The last step that was reported. */
    get step() {
      return step
    },
    store: (said: Said) => persistently(() => store(said), log),
  }
}

/** Points that came while the database was busy become one write. */
export function joined(batch: readonly Said[]): readonly Said[] {
  const messages: Said[] = []
  for (const message of batch) {
    const last = messages.at(-1)
    if (last?.kind !== 'points' || message.kind !== 'points') messages.push(message)
    else messages[messages.length - 1] = { ...message, points: [...last.points, ...message.points] }
  }
  return messages
}

/** Tries again while the database is away, for as long as nobody else can have taken the job. */
async function persistently<T>(write: () => Promise<T>, log: Log): Promise<T> {
  const deadline = Date.now() + leaseMs
  for (let failures = 1; ; failures++) {
    try {
      return await write()
    } catch (error) {
      if (Date.now() > deadline) throw error
      log.warn({ err: error, failures }, 'what a job reported could not be stored; trying again')
      await pause(backoff(failures))
    }
  }
}
