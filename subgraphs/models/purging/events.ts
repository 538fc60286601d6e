import type { BusEvent } from '../../../kernel/bus/bus.ts'
import { eventData, type Topic } from '../../../schema/events.ts'
import type { Purges } from './ports.ts'

export const consumedTopics = ['dataset.added', 'dataset.dropped'] as const satisfies readonly Topic[]

/** A text may be the file of a model and the content of datasets: it is collected here, once it is neither. */
export const handleEvent =
  (purges: Pick<Purges, 'addDataset' | 'dropDataset'>) =>
  async ({ topic, data }: BusEvent): Promise<void> => {
    if (topic === 'dataset.added') await purges.addDataset(eventData(topic, data))
    if (topic === 'dataset.dropped') await purges.dropDataset(eventData(topic, data))
  }
