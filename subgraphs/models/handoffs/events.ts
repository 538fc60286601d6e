import type { BusEvent } from '../../../kernel/bus/bus.ts'
import { eventData } from '../../../schema/events.ts'
import type { CompletedJob } from '../registration/ports.ts'
import type { Rejection } from '../registration/service.ts'
import type { ModelVersion } from '../versions/version.ts'
import type { Handoff, Step } from './handoff.ts'
import type { Handoffs } from './ports.ts'

export const consumedTopics = ['job.failed', 'job.cancelled', 'run.finished', 'run.cancelled'] as const

export const handleEvent =
  (handoffs: Handoffs) =>
  async ({ topic, project, at, data }: BusEvent): Promise<void> => {
    const time = new Date(at)
    switch (topic) {
      case 'job.failed': {
        const { error, ...job } = eventData(topic, data)
        const step = stepOf(project, job)
        return step && handoffs.fail(step, `The job ${job.jobId} failed: ${error.message}`, time)
      }
      case 'job.cancelled': {
        const job = eventData(topic, data)
        const step = stepOf(project, job)
        return step && handoffs.fail(step, `The job ${job.jobId} was cancelled.`, time)
      }
      case 'run.finished': {
        const { runId, status } = eventData(topic, data)
        // The last version of a run that went well waits for whoever wants it.
        if (status === 'COMPLETED') return
        return handoffs.close(runId, `The run ended as ${status} before another step took it.`, time)
      }
      case 'run.cancelled':
        return handoffs.close(eventData(topic, data).runId, 'The run was cancelled before another step took it.', time)
    }
  }

/** A registered version takes what its parents offered, and is offered to the steps behind; a rejected one is not. */
export async function handOver(
  handoffs: Handoffs,
  project: string,
  job: CompletedJob,
  outcome: ModelVersion | Rejection,
  at: Date,
): Promise<void> {
  const step = stepOf(project, job)
  if ('rejected' in outcome) {
    if (step) await handoffs.fail(step, outcome.rejected.message, at)
    return
  }
  if (job.parents.length > 0) await handoffs.accept(job.parents, outcome.id, at)
  if (step) await handoffs.offer(step, outcome.id, at)
}

function stepOf(project: string, { runId, stepName }: { [Key in 'runId' | 'stepName']: Handoff[Key] | null }) {
  return runId === null || stepName === null ? undefined : ({ project, runId, stepName } satisfies Step)
}
