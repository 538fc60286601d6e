import type { Registry } from 'prom-client'
import type { Queue } from '../queue/queue.ts'
import { measure } from './readings.ts'

/** The length of a queue by the state of its tasks; no value while its server is away. */
export function measureQueue(registry: Registry, name: string, queue: Pick<Queue, 'lengths'>): void {
  measure(registry, {
    name: 'forge_queue_tasks',
    help: 'Tasks in a queue by their state.',
    labels: ['queue', 'state'],
    async read() {
      const lengths = await queue.lengths().catch(() => ({}))
      return Object.entries(lengths).map(([state, value]) => ({ labels: { queue: name, state }, value }))
    },
  })
}
