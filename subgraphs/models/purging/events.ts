import type { BusEvent } from '../../../kernel/bus/bus.ts'
import { eventData, type Topic } from '../../../schema/events.ts'
import type { Purges } from './ports.ts'

export const consumedTopics = ['dataset.added'] as const satisfies readonly Topic[]

/** What was uploaded as a file of a model, and came to none, may have become the text of a dataset, which keeps it. */
export const handleEvent =
  (purges: Pick<Purges, 'keep'>) =>
  async ({ topic, data }: BusEvent): Promise<void> => {
    if (topic === 'dataset.added') await purges.keep(eventData(topic, data).digest)
  }
