import { createOutbox, type OutboxRow } from '../../kernel/outbox.ts'
import type { PrismaClient } from '../../prisma/training/generated/client.ts'
import { eventData, type TopicData } from '../../schema/events.ts'
import type { JobEvent, TrainingJob } from './jobs/job.ts'

/** What a store works with inside a transaction. */
export type Transaction = Parameters<Parameters<PrismaClient['$transaction']>[0]>[0]

/** Patience for a machine whose cores all train, in milliseconds. */
export const patient = { maxWait: 10_000, timeout: 20_000 } as const

export const outboxRow = createOutbox<TopicData>(eventData)

export const jobRow = ({ id, project }: Pick<TrainingJob, 'id' | 'project'>, { topic, data }: JobEvent): OutboxRow =>
  outboxRow(topic, { key: id, project, data }, new Date())
