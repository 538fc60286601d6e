import type { BusEvent } from '../../../kernel/bus/bus.ts'
import { DomainError } from '../../../kernel/errors.ts'
import { eventData } from '../../../schema/events.ts'
import { applyRetention } from './service.ts'

export const consumedTopics = ['version.registered'] as const

export const handleEvent =
  (parts: Parameters<typeof applyRetention>[0]) =>
  async ({ topic, data }: BusEvent): Promise<void> => {
    if (topic !== 'version.registered') return
    const [model] = await parts.registry.byId([eventData(topic, data).modelId])
    try {
      if (model) await applyRetention(parts, model)
    } catch (error) {
      // An alias was set meanwhile: the next version applies the rule again.
      if (!(error instanceof DomainError && error.code === 'CONFLICT')) throw error
    }
  }
