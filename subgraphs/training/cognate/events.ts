import type { BusEvent } from '../../../kernel/bus/bus.ts'
import { eventData } from '../../../schema/events.ts'
import type { EvoMergeParts } from '../evomerge/ports.ts'
import { cancelJobsOfRun } from '../jobs/service.ts'
import { startStep } from './step.ts'

export const pipelineTopics = ['step.requested', 'run.cancelled'] as const

/** One after the other, so that a run which is cancelled at once finds its job to cancel. */
export const handlePipeline = (parts: EvoMergeParts) => async (event: BusEvent) => {
  if (event.topic === 'run.cancelled') return cancelJobsOfRun(parts, eventData('run.cancelled', event.data).runId)
  if (event.topic === 'step.requested') await startStep(parts, event.project, eventData('step.requested', event.data))
}
