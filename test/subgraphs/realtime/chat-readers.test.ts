import { expect, it } from 'vitest'
import { openChatReaders } from '../../../subgraphs/realtime/streams/chat-readers.ts'
import { until } from '../../support/condition.ts'
import { silentLog } from '../../support/silent-log.ts'

const leftAt = '2026-01-01T00:00:00.000Z'

/** Chats that somebody reads, and what is said of others. */
function stage() {
  const read = new Set<string>()
  const asked: string[] = []
  const announced: object[] = []
  const parts = {
    async isRead(chatId: string) {
      asked.push(chatId)
      if (chatId === 'chat_lost') throw new Error('connection lost')
      return read.has(chatId)
    },
    announce: async (project: string, left: object) => void announced.push({ project, ...left }),
    log: silentLog,
    now: () => new Date(leftAt),
  }
  return { read, asked, announced, parts }
}

it('announces that the last reader of a chat left, and nothing of one that is read again or cannot be looked up', async () => {
  const { read, asked, announced, parts } = stage()
  await using readers = openChatReaders(parts, 20)
  for (const chatId of ['chat_lost', 'chat_left', 'chat_back']) readers.left(chatId, 'default')
  expect(asked).toEqual([])
  read.add('chat_back')
  await until('all were looked up', () => asked.length === 3 && announced.length > 0)
  expect(announced).toEqual([{ project: 'default', chatId: 'chat_left', leftAt }])
})

it('announces nothing when its process stops: the readers come back to another', async () => {
  const { announced, parts } = stage()
  {
    await using readers = openChatReaders(parts, 1)
    readers.left('chat_left', 'default')
  }
  await using others = openChatReaders(parts, 20)
  others.left('chat_other', 'default')
  await until('the other has announced', () => announced.length > 0)
  expect(announced).toEqual([{ project: 'default', chatId: 'chat_other', leftAt }])
})
