import type { OutboxRow } from '../../../kernel/outbox.ts'
import { Prisma, type PrismaClient } from '../../../prisma/training/generated/client.ts'
import type { LogSource } from '../../../schema/values.ts'
import type { JobEvent, TrainingJob } from '../jobs/job.ts'
import { jobRow, type Transaction } from '../outbox.ts'
import { admit, emptyLog, type LogState } from './budget.ts'
import type { LogLine, NewLine } from './line.ts'
import { type Narrated, narrate } from './narration.ts'
import type { Logs } from './ports.ts'

/** Lines of one row. */
const chunkLines = 128
/** Lines of one event. */
const eventLines = 200

const chunkOf = (number: number): number => Math.floor((number - 1) / chunkLines)

export function logStore(database: PrismaClient): Logs {
  return {
    async read(jobId, stretch) {
      const total = (await database.jobLog.findUnique({ where: { jobId } }))?.lines ?? 0
      const after = 'tail' in stretch ? Math.max(0, total - stretch.tail) : stretch.after
      const end = Math.min(total, 'tail' in stretch ? total : after + stretch.first)
      if (end <= after) return { total, lines: [] }
      const chunks = await database.logChunk.findMany({
        where: { jobId, number: { gte: chunkOf(after + 1), lte: chunkOf(end) } },
        orderBy: { number: 'asc' },
      })
      const stored = chunks.flatMap(({ lines }) => lines as unknown as readonly StoredLine[])
      const lines = stored.filter(({ number }) => number > after && number <= end)
      return { total, lines: lines.map(line => ({ ...line, at: new Date(line.at) })) }
    },
  }
}

/** As JSON has it. */
interface StoredLine extends Omit<LogLine, 'at'> {
  readonly at: string
  readonly source: LogSource
}

type Owner = Pick<TrainingJob, 'id' | 'project'> & Narrated

/**
 * Writes an event, and before it what the log says of it: whoever follows the log to its end has that line by then.
 * `lines` stand instead of what the event itself would have the log say. As with every event, the job's row is locked.
 */
export async function announce(tx: Transaction, job: Owner, event: JobEvent, lines?: readonly NewLine[]) {
  const logged = await appendLines(tx, job, lines ?? narrate(job, event, new Date()))
  await tx.outbox.createMany({ data: [...logged, jobRow(job, event)] })
}

/** What of the lines is new, and how much its attempt has printed by then. */
interface Printed {
  readonly fresh: readonly NewLine[]
  readonly attempt: number
  readonly taken: number
}

interface KnownLog extends LogState {
  readonly attempt: number
  readonly taken: number
}

/**
 * Adds lines to the log of a job whose row is locked, and answers the events that are still to be written: whoever
 * creates a hundred jobs at once waits for every statement.
 */
async function appendLines(
  tx: Transaction,
  job: Owner,
  lines: readonly NewLine[],
  printed = ({ attempt, taken }: KnownLog): Printed => ({ fresh: lines, attempt, taken }),
): Promise<readonly OutboxRow[]> {
  if (lines.length === 0) return []
  const { id: jobId } = job
  const before: KnownLog = (await tx.jobLog.findUnique({ where: { jobId } })) ?? { ...emptyLog, attempt: 0, taken: 0 }
  const { fresh, attempt, taken } = printed(before)
  const { state, admitted } = admit(before, fresh)
  await tx.$executeRaw`
    INSERT INTO job_log (job_id, lines, characters, dropped, attempt, taken)
    VALUES (${jobId}, ${state.lines}, ${state.characters}, ${state.dropped}, ${attempt}, ${taken})
    ON CONFLICT (job_id) DO UPDATE SET lines = excluded.lines, characters = excluded.characters,
      dropped = excluded.dropped, attempt = excluded.attempt, taken = excluded.taken`
  if (admitted.length === 0) return []

  const stored = admitted.map(
    (line, index): StoredLine => ({ ...line, number: before.lines + 1 + index, at: line.at.toISOString() }),
  )
  const rows = Array.from(
    Map.groupBy(stored, ({ number }) => chunkOf(number)),
    ([number, part]) => Prisma.sql`(${jobId}, ${number}, ${JSON.stringify(part)}::jsonb)`,
  )
  await tx.$executeRaw`
    INSERT INTO log_chunk AS stored (job_id, number, lines) VALUES ${Prisma.join(rows)}
    ON CONFLICT (job_id, number) DO UPDATE SET lines = stored.lines || excluded.lines`
  return Array.from({ length: Math.ceil(stored.length / eventLines) }, (_, index) => {
    const data = { jobId, lines: stored.slice(index * eventLines, (index + 1) * eventLines) }
    return jobRow(job, { topic: 'job.logged', data })
  })
}

/**
 * Adds what an attempt has printed. `from` counts the lines that it printed before: those that are stored already,
 * because the answer to a write was lost, are left out.
 */
export async function appendOutput(tx: Transaction, job: Owner, from: number, lines: readonly NewLine[]) {
  const logged = await appendLines(tx, job, lines, (log): Printed => {
    const taken = log.attempt === job.attempts ? log.taken : 0
    const fresh = lines.slice(Math.max(0, taken - from))
    return { fresh, attempt: job.attempts, taken: Math.max(taken, from + lines.length) }
  })
  await tx.outbox.createMany({ data: [...logged] })
}
