import type { BusEvent } from '../../../kernel/bus/bus.ts'
import { type EventData, eventData } from '../../../schema/events.ts'
import type { CurvePoint, Histories } from './ports.ts'

export const consumedTopics = ['job.queued', 'job.started', 'job.progressed'] as const

export const handleEvent =
  (histories: Histories) =>
  async ({ topic, project, at, data }: BusEvent): Promise<void> => {
    switch (topic) {
      case 'job.queued': {
        const { jobId: id, seed, totalSteps } = eventData(topic, data)
        return histories.note({ id, project, seed, totalSteps })
      }
      case 'job.started': {
        const { jobId: id, executor, nodeId, totalSteps } = eventData(topic, data)
        return histories.note({ id, project, executor, nodeId, totalSteps, startedAt: new Date(at) })
      }
      case 'job.progressed':
        return histories.addPoints(keptPoints(eventData(topic, data)))
    }
  }

const drawn = new Set(['loss', 'validation_loss'])
/** Points of one curve, at most. */
const resolution = 500

/** Which steps are kept depends on the step alone, so that a second delivery keeps the same. */
function keptPoints({ jobId, totalSteps, points }: EventData<'job.progressed'>): CurvePoint[] {
  const stride = Math.max(1, Math.ceil(totalSteps / resolution))
  return points
    .filter(({ name, step }) => drawn.has(name) && (name !== 'loss' || step % stride === 0 || step === totalSteps))
    .map(({ name, step, value }) => ({ jobId, name, step, value }))
}
