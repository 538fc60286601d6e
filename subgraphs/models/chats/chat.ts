/** A conversation with one version. */
export interface Chat {
  readonly id: string
  readonly project: string
  readonly principal: string
  readonly versionId: string
  readonly title: string
  readonly createdAt: Date
}

export const messageStatuses = ['PENDING', 'COMPLETE', 'CANCELLED', 'FAILED'] as const
type MessageStatus = (typeof messageStatuses)[number]

export interface ChatMessage {
  readonly id: string
  readonly chatId: string
  readonly role: 'user' | 'assistant'
  readonly text: string
  readonly status: MessageStatus
  readonly error: string | null
  readonly tokens: number | null
  readonly finishReason: string | null
  readonly createdAt: Date
}
