import type { BusEvent } from '../../../kernel/bus/bus.ts'
import { eventData, type Topic } from '../../../schema/events.ts'
import type { RunParts } from '../runs/ports.ts'
import type { StepReport } from '../runs/run.ts'
import { reportStep, type StepAddress } from './service.ts'

/** What the steps of runs listen to. */
export const followed = [
  'step.rejected',
  'job.queued',
  'job.started',
  'job.progressed',
  'job.paused',
  'job.resumed',
  'job.completed',
  'job.failed',
  'job.cancelled',
  'version.registered',
  'version.rejected',
] as const satisfies readonly Topic[]

type Followed = (typeof followed)[number]

/** Applies one event; the same one again changes nothing. */
export async function followEvent(parts: RunParts, event: BusEvent): Promise<void> {
  const news = newsOf(event.topic as Followed, event)
  if (news) await reportStep(parts, news.address, news.report)
}

interface News {
  readonly address: StepAddress
  readonly report: StepReport
}

function newsOf(topic: Followed, { at, data }: BusEvent): News | null {
  switch (topic) {
    case 'step.rejected': {
      const { runId, stepName, error } = eventData(topic, data)
      return { address: { runId, stepName }, report: { at, status: 'FAILED', error } }
    }
    case 'job.queued': {
      const queued = eventData(topic, data)
      return ofJob(queued, { at, status: 'QUEUED', isRetry: queued.isRetry })
    }
    case 'job.started':
    case 'job.resumed':
    case 'job.paused':
    case 'job.cancelled':
      return ofJob(eventData(topic, data), { at, status: statusAfter[topic] })
    case 'job.progressed':
      return ofJob(eventData(topic, data), { at })
    case 'job.completed':
      // The step ends only when models has registered what the job made.
      return ofJob(eventData(topic, data), { at, status: 'RUNNING' })
    case 'job.failed': {
      const failed = eventData(topic, data)
      return ofJob(failed, { at, status: 'FAILED', error: failed.error })
    }
    case 'version.registered': {
      const { versionId, jobId } = eventData(topic, data)
      return jobId ? { address: { jobId }, report: { at, status: 'COMPLETED', jobId, versionId } } : null
    }
    case 'version.rejected': {
      const { jobId, error } = eventData(topic, data)
      return { address: { jobId }, report: { at, status: 'FAILED', jobId, error, progress: 1 } }
    }
  }
}

const statusAfter = {
  'job.started': 'RUNNING',
  'job.resumed': 'QUEUED',
  'job.paused': 'PAUSED',
  'job.cancelled': 'CANCELLED',
} as const

interface JobOfStep {
  readonly jobId: string
  readonly runId: string | null
  readonly stepName: string | null
  readonly step?: number
  readonly totalSteps: number
}

function ofJob({ jobId, runId, stepName, step = 0, totalSteps }: JobOfStep, report: StepReport): News | null {
  if (runId === null || stepName === null) return null
  const progress = totalSteps > 0 ? Math.min(1, step / totalSteps) : 0
  return { address: { runId, stepName }, report: { ...report, jobId, progress } }
}
