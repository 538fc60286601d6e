import type { BusEvent } from '../../../kernel/bus/bus.ts'
import { eventData } from '../../../schema/events.ts'
import { advanced } from './changes.ts'
import { withCompletion, withLoss } from './moves.ts'
import type { SweepParts } from './ports.ts'
import { advanceSweep } from './service.ts'
import type { Sweep, Trial } from './sweep.ts'

export const sweepTopics = ['sweep.started', 'job.paused', 'job.completed', 'job.failed', 'job.cancelled'] as const

/** Goes on with a sweep whenever it has begun, or one of its trials has come to something. */
export const handleSweep =
  (parts: SweepParts) =>
  async (event: BusEvent): Promise<void> => {
    if (event.topic === 'sweep.started') return void (await advanceSweep(parts, event.key))
    const id = await parts.sweeps.ofJob(event.key)
    if (id !== null) await parts.sweeps.change(id, sweep => advanced(sweep, parts.now(), newsOf(event, sweep)))
  }

/** The trial as the event has it, or null where the event says nothing that is not known. */
function newsOf({ topic, key, data }: BusEvent, { trials, plan: { rungs } }: Sweep): Trial | null {
  const trial = trials.find(({ job }) => job?.id === key)
  if (!trial) return null
  const told = newTrial(trial)
  return told === trial ? null : told

  function newTrial(trial: Trial): Trial {
    if (topic === 'job.completed' && trial.completion === null) {
      return withCompletion(trial, rungs, eventData(topic, data))
    }
    if (topic !== 'job.paused') return trial
    const { step, validationLoss } = eventData(topic, data)
    return validationLoss === undefined ? trial : withLoss(trial, rungs, step, validationLoss)
  }
}
