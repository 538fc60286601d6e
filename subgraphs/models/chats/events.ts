import type { BusEvent } from '../../../kernel/bus/bus.ts'
import { eventData, type Topic } from '../../../schema/events.ts'
import type { Chats } from './ports.ts'

export const consumedTopics = ['chat.left'] as const satisfies readonly Topic[]

/** Whoever writes the reply, in whichever process, sees it at its next look. */
export const handleEvent =
  (chats: Chats) =>
  async ({ topic, project, data }: BusEvent): Promise<void> => {
    if (topic !== 'chat.left') return
    const { chatId, leftAt } = eventData('chat.left', data)
    await chats.cancel(chatId, project, new Date(leftAt))
  }
