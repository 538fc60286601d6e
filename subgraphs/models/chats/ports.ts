import type { EventData } from '../../../schema/events.ts'
import type { Page } from '../registry/ports.ts'
import type { Chat, ChatMessage } from './chat.ts'

export type Outcome = Pick<ChatMessage, 'text' | 'status' | 'error' | 'tokens' | 'finishReason'>

export interface Chats {
  create(chat: Chat): Promise<void>
  find(id: string): Promise<Chat | null>
  list(project: string | undefined, page: Page): Promise<readonly Chat[]>
  /** Oldest first. */
  messages(chatId: string): Promise<readonly ChatMessage[]>
  /** Adds a question and the reply that is about to come; false where one is being written since `aliveSince`. */
  ask(question: ChatMessage, reply: ChatMessage, aliveSince: Date): Promise<boolean>
  settle(id: string, outcome: Outcome): Promise<void>
  /** Replies of the chat that were being written at `at` are wanted no more. A chat of another project stays as it is. */
  cancel(chatId: string, project: string, at: Date): Promise<void>
  isWanted(messageId: string): Promise<boolean>
}

/** Tells whoever listens how a reply grows; nothing of it is kept. */
export type Tell = (project: string, progress: EventData<'chat.progressed'>) => Promise<void>
