import type { PrismaClient } from '../../../prisma/models/generated/client.ts'
import { between, paged } from '../registry/store.ts'
import type { ChatMessage } from './chat.ts'
import type { Chats } from './ports.ts'

export function chatStore(database: PrismaClient): Chats {
  return {
    async create(chat) {
      await database.chat.create({ data: chat })
    },
    find: id => database.chat.findUnique({ where: { id } }),
    list: (project, page) => database.chat.findMany({ where: { project, id: between(page) }, ...paged(page) }),
    async messages(chatId) {
      const rows = await database.chatMessage.findMany({ where: { chatId }, orderBy: { id: 'asc' } })
      return rows.map(row => row as ChatMessage)
    },
    ask: (question, reply, aliveSince) =>
      database.$transaction(async transaction => {
        const { chatId } = question
        await transaction.$executeRaw`SELECT id FROM chat WHERE id = ${chatId} FOR UPDATE`
        const pending = { chatId, status: 'PENDING' }
        if (await transaction.chatMessage.count({ where: { ...pending, createdAt: { gte: aliveSince } } })) return false
        const error = 'The process that wrote this reply ended.'
        await transaction.chatMessage.updateMany({ where: pending, data: { status: 'FAILED', error } })
        await transaction.chatMessage.createMany({ data: [question, reply] })
        return true
      }),
    async cancel(chatId, project, at) {
      const chat = project === '*' ? undefined : { project }
      const where = { chatId, chat, status: 'PENDING', createdAt: { lte: at } }
      await database.chatMessage.updateMany({ where, data: { status: 'CANCELLED' } })
    },
    isWanted: async id => (await database.chatMessage.count({ where: { id, status: 'PENDING' } })) > 0,
    async settle(id, outcome) {
      await database.chatMessage.update({ where: { id }, data: outcome })
    },
  }
}
