import { describe, expect, it } from 'vitest'
import type { Bus, EventDraft } from '../../kernel/bus/bus.ts'
import { openLog } from '../../kernel/log.ts'
import { startReporting } from '../../kernel/report.ts'
import { eventData } from '../../schema/events.ts'

/** Keeps what is published, and tells when there are so many. */
function recordingBus() {
  const events: EventDraft[] = []
  const waiting: { count: number; resolve(): void }[] = []
  const bus = {
    publish: async (drafts: readonly EventDraft[]) => {
      events.push(...drafts)
      for (const { count, resolve } of waiting) if (events.length >= count) resolve()
    },
  } as Partial<Bus> as Bus
  return { bus, events, reach: (count: number) => new Promise<void>(resolve => waiting.push({ count, resolve })) }
}

const log = openLog('test', 'silent')

describe('startReporting', () => {
  it('publishes measurements that keep the promise of schema/events.ts, and says goodbye', async () => {
    const { bus, events, reach } = recordingBus()
    {
      await using _reporting = startReporting({ bus, service: 'models', url: 'http://127.0.0.1:1', log, everyMs: 5 })
      await reach(3)
    }
    const reports = events.slice(0, -1).map(event => eventData('service.reported', event.data))
    expect(reports.length).toBeGreaterThanOrEqual(3)
    for (const report of reports) {
      expect(report).toMatchObject({ service: 'models', url: 'http://127.0.0.1:1', everyMs: 5 })
      expect(report.residentBytes).toBeGreaterThan(1e6)
      expect(Date.parse(report.startedAt)).toBeLessThan(Date.now())
    }
    expect(new Set(reports.map(report => report.instance)).size).toBe(1)
    expect(events.at(-1)).toMatchObject({ topic: 'service.left', key: reports[0]!.instance })
  })

  it('measures how long the event loop was blocked and how much processor time that took', async () => {
    const { bus, events, reach } = recordingBus()
    await using _reporting = startReporting({ bus, service: 'models', url: null, log, everyMs: 300 })
    await reach(2)
    const until = performance.now() + 200
    while (performance.now() < until);
    await reach(4)

    const delays = events.map(event => eventData('service.reported', event.data))
    expect(Math.max(...delays.map(report => report.eventLoopLagMs))).toBeGreaterThan(150)
    expect(Math.max(...delays.map(report => report.cpu))).toBeGreaterThan(0.1)
  })

  it('goes on after the log took nothing for a while', async () => {
    const { bus, events, reach } = recordingBus()
    const publish = bus.publish
    let refusals = 2
    bus.publish = async drafts => {
      if (refusals-- > 0) throw new Error('away')
      return publish(drafts)
    }
    await using _reporting = startReporting({ bus, service: 'models', url: null, log, everyMs: 5 })
    await reach(1)
    expect(events[0]!.topic).toBe('service.reported')
  })
})
