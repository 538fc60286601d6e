import type { MetricPoint } from '../../../schema/values.ts'
import type { FromTrainer } from './protocol.ts'

/** Points wait so long for others, in milliseconds. */
const batchMs = 50

interface RecorderOptions {
  send(message: FromTrainer): void
  readonly now: () => Date
  /** The last step of each metric that is stored already: an attempt that repeats steps does not tell them twice. */
  readonly recorded: Readonly<Record<string, number>>
}

/** Takes the points of a loop without ever making it wait, and sends them in batches. */
export interface Recorder {
  record(step: number, values: Readonly<Record<string, number>>): void
  /** The next point comes in about so many milliseconds: sends now what would have waited too long by then. */
  expect(ms: number): void
  flush(): void
}

export function createRecorder({ send, now, recorded }: RecorderOptions): Recorder {
  let points: MetricPoint[] = []
  let newest = 0
  let sentAt = 0
  /** Since when the oldest of the points waits. */
  let since = 0

  const flush = () => {
    if (points.length > 0) send({ kind: 'points', step: newest, points })
    points = []
  }
  return {
    record(step, values) {
      const moment = now()
      const at = moment.toISOString()
      if (points.length === 0) since = moment.getTime()
      for (const [name, value] of Object.entries(values)) {
        if (step > (recorded[name] ?? -1) && Number.isFinite(value)) points.push({ name, step, value, at })
      }
      newest = step
      if (moment.getTime() - sentAt < batchMs) return
      sentAt = moment.getTime()
      flush()
    },
    expect(ms) {
      if (points.length === 0 || now().getTime() - since + ms < batchMs) return
      sentAt = now().getTime()
      flush()
    },
    flush,
  }
}
