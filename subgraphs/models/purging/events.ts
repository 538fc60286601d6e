import type { BusEvent } from '../../../kernel/bus/bus.ts'
import { eventData, type Topic } from '../../../schema/events.ts'
import type { Purges } from './ports.ts'

export const consumedTopics = [
  'job.completed',
  'sweep.completed',
  'weights.dropped',
  'dataset.added',
  'dataset.dropped',
] as const satisfies readonly Topic[]

/**
 * The same bytes may be a file of versions, a file of trials that may yet become one, and the content of datasets: they
 * are collected here, once they are none of it.
 */
export const handleEvent =
  (purges: Pick<Purges, 'hold' | 'release' | 'addDataset' | 'dropDataset'>) =>
  async ({ topic, data }: BusEvent): Promise<void> => {
    if (topic === 'job.completed') {
      const { jobId, files, registers } = eventData(topic, data)
      if (registers === false) await purges.hold(jobId, digestsOf(files))
    }
    // It was registered just before, or will never be.
    if (topic === 'sweep.completed') {
      const { jobId, files } = eventData(topic, data).job
      await purges.release(jobId, digestsOf(files))
    }
    if (topic === 'weights.dropped') {
      const { jobId, digest } = eventData(topic, data)
      await purges.release(jobId, [digest])
    }
    if (topic === 'dataset.added') await purges.addDataset(eventData(topic, data))
    if (topic === 'dataset.dropped') await purges.dropDataset(eventData(topic, data))
  }

const digestsOf = (files: readonly { readonly digest: string }[]) => files.map(({ digest }) => digest)
