export const healthStatuses = ['HEALTHY', 'DEGRADED', 'DOWN'] as const
export type HealthStatus = (typeof healthStatuses)[number]

/** When something last reported, and how often it promised to. */
export interface Heartbeat {
  readonly lastSeenAt: Date
  readonly everyMs: number
}

/** Intervals of silence after which a reporter counts as late, and as gone. */
const lateAfter = 2
const downAfter = 3

/** What the silence alone says. A report takes its way over the bus, so one that is a moment late means nothing. */
export function heartbeatStatus({ lastSeenAt, everyMs }: Heartbeat, now: Date): HealthStatus {
  const intervals = (now.getTime() - lastSeenAt.getTime()) / everyMs
  if (intervals > downAfter) return 'DOWN'
  return intervals > lateAfter ? 'DEGRADED' : 'HEALTHY'
}

export const worst = (statuses: readonly HealthStatus[]): HealthStatus =>
  statuses.includes('DOWN') ? 'DOWN' : statuses.includes('DEGRADED') ? 'DEGRADED' : 'HEALTHY'

/** Whole seconds since the last report; 0 where the reporter's clock is ahead of ours. */
export const silenceSeconds = ({ lastSeenAt }: Heartbeat, now: Date): number =>
  Math.max(0, Math.round((now.getTime() - lastSeenAt.getTime()) / 1_000))
