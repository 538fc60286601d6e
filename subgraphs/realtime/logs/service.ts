import type { Identity } from '../../../kernel/auth/identity.ts'
import type { BusEvent, Position } from '../../../kernel/bus/bus.ts'
import { cancellable } from '../../../kernel/cancellation.ts'
import { type EventData, eventData, type Topic } from '../../../schema/events.ts'
import type { JobStatus } from '../../../schema/values.ts'
import type { Batch } from '../feed/follower.ts'
import { startAfter } from '../feed/gap.ts'
import type { EventLog, FeedParts } from '../feed/ports.ts'
import { placeOf, type Resumable } from '../feed/resumable.ts'
import { type EntityStream, entityStream } from '../progress/entity-stream.ts'
import { lastJobTopics } from '../progress/news.ts'
import type { StreamParts } from '../streams/ports.ts'
import { findSubject } from '../subjects/service.ts'

type Line = EventData<'job.logged'>['lines'][number]

/** Lines of a job's log that have come since the event before. */
export interface JobLogged extends Resumable {
  readonly jobId: string
  readonly lines: readonly Line[]
}

interface Followed {
  readonly id: string
  readonly after?: string | null
  readonly afterLine?: number | null
}

/** Who replays a long log gets it in events of about so many lines. */
const eventLines = 1_000

const topics: readonly Topic[] = ['job.logged', ...lastJobTopics]

/** The log of a job, line by line, until it has ended. Throws NOT_FOUND, and INVALID_INPUT for what is no cursor. */
export async function followLog(parts: StreamParts, identity: Identity, { id, after, afterLine }: Followed) {
  const subject = await findSubject(parts, identity, 'JOB', id)
  const fresh = after == null ? await behindLine(parts.log, id, afterLine ?? 0) : parts.log.origin
  const start = await startAfter(parts.log, after, fresh)
  const stream = {
    subject,
    start,
    topics,
    lastTopics: lastJobTopics,
    slowReader: 'REREAD',
    render: batch => logUpdates(parts, id, afterLine ?? 0, batch),
    remembered: place => ({ ...place, at: subject.updatedAt, status: subject.status, jobId: id, lines: [] }),
  } satisfies EntityStream<Update>

  return parts.connections.track({ identity, field: 'jobLogs', subject: id }, watch =>
    cancellable(signal => entityStream<Update>(parts, { ...stream, watch }, signal)),
  )
}

/** A position before every line of a higher number: found from the end, so that the end of a long log costs little. */
async function behindLine(log: EventLog, jobId: string, line: number): Promise<Position> {
  if (line <= 0) return log.origin
  for (let before: Position | undefined; ; ) {
    const page = await log.readBack({ key: jobId, topics: ['job.logged'], limit: 100, before })
    const known = page.find(event => linesOf(event).every(({ number }) => number <= line))
    if (known) return known.position
    if (page.length === 0) return log.origin
    before = page.at(-1)!.position
  }
}

/** With what tells the stream that it has ended. */
type Update = JobLogged & { readonly status: JobStatus }

const endings: Readonly<Record<string, JobStatus>> = {
  'job.completed': 'COMPLETED',
  'job.failed': 'FAILED',
  'job.cancelled': 'CANCELLED',
} satisfies Record<(typeof lastJobTopics)[number], JobStatus>

/** As few updates as may be; none where there is nothing to say. */
function logUpdates(parts: FeedParts, jobId: string, afterLine: number, { events, gap }: Batch): readonly Update[] {
  const updates: Update[] = []
  let lines: Line[] = []
  events.forEach((event, index) => {
    lines.push(...linesOf(event).filter(({ number }) => number > afterLine))
    const status = endings[event.topic] ?? 'RUNNING'
    const isLast = index === events.length - 1
    if (lines.length < eventLines && !(isLast && (lines.length > 0 || status !== 'RUNNING' || gap))) return
    updates.push({ ...placeOf(parts, event, updates.length === 0 ? gap : null), jobId, status, lines })
    lines = []
  })
  return updates
}

const linesOf = ({ topic, data }: BusEvent): readonly Line[] =>
  topic === 'job.logged' ? eventData(topic, data).lines : []
