import { createBell, matches } from '../../../kernel/bus/bell.ts'
import type { Bus, BusEvent, Retention } from '../../../kernel/bus/bus.ts'
import { tailLog } from '../../../kernel/bus/tail.ts'
import { newId } from '../../../kernel/ids.ts'
import { silentLog } from '../../support/silent-log.ts'

type Kept = BusEvent & { readonly publishedAt: number }

/** The event log in an array: what the tests of a service run on. It passes the same suite as the real ones. */
export function openMemoryBus(retention: Retention): Bus {
  const bell = createBell()
  const floors = new Map<string, number>()
  let kept: Kept[] = []
  let newest = 0

  const bus: Bus = {
    id: newId('bus'),
    origin: '0',
    async publish(events) {
      for (const draft of events) {
        const event = structuredClone(draft)
        if (retention(event.topic) <= 0) bell.hand(event)
        else if (!kept.some(({ id }) => id === event.id)) {
          newest += 1
          kept.push({ ...event, position: String(newest), publishedAt: Date.now() })
          bell.ring({ position: String(newest), topics: [event.topic] })
        }
      }
    },
    async read({ after = '0', limit = 500, ...filter }) {
      return kept
        .filter(event => Number(event.position) > Number(after) && matches(filter, event))
        .slice(0, limit)
        .map(({ publishedAt: _, ...event }) => event)
    },
    async readBack({ before = 'Infinity', limit = 500, ...filter }) {
      return kept
        .filter(event => Number(event.position) < Number(before) && matches(filter, event))
        .toReversed()
        .slice(0, limit)
        .map(({ publishedAt: _, ...event }) => event)
    },
    head: async () => String(newest),
    async floor(topics) {
      const known = [...floors].filter(([topic]) => topics === undefined || topics.includes(topic))
      return String(Math.max(0, ...known.map(([, floor]) => floor)))
    },
    compare: (a, b) => Number(a) - Number(b),
    isPosition: (text): text is string => /^\d{1,15}$/.test(text),
    tail: query => tailLog({ read: bus.read, compare: bus.compare, bell, log: silentLog }, query),
    async sweep() {
      const old = kept.filter(event => event.publishedAt <= Date.now() - retention(event.topic))
      for (const { topic, position } of old) floors.set(topic, Number(position))
      kept = kept.filter(event => !old.includes(event))
    },
    async [Symbol.asyncDispose]() {},
  }
  return bus
}
