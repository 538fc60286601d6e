import { badLineCount } from './errors.ts'
import type { JobLog, LogParts } from './ports.ts'

const mostLines = 5_000

interface Asked {
  readonly after?: number | null
  readonly first?: number | null
  readonly tail?: number | null
}

/** A stretch of a job's log: the last lines, where `tail` is given, or the first behind the line of number `after`. */
export function readLog({ logs }: LogParts, jobId: string, { after, first, tail }: Asked): Promise<JobLog> {
  const count = tail ?? first ?? 500
  if (count < 0 || count > mostLines) throw badLineCount(count, mostLines)
  return logs.read(jobId, tail == null ? { after: Math.max(0, after ?? 0), first: count } : { tail })
}
