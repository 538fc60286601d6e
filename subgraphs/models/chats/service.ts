import { chosenProject, mayAccess } from '../../../kernel/auth/identity.ts'
import { conflict, DomainError, invalidInput, notFound } from '../../../kernel/errors.ts'
import { newId } from '../../../kernel/ids.ts'
import type { Generators, Listening } from '../generation/ports.ts'
import { requestOf } from '../generation/service.ts'
import { type Resolving, resolveRef } from '../versions/service.ts'
import type { Chat, ChatMessage } from './chat.ts'
import type { Chats, Outcome, Tell } from './ports.ts'

export type ChatParts = Resolving & {
  readonly chats: Chats
  readonly generators: Generators
  readonly tell: Tell
  now(): Date
}

export interface MessageInput {
  readonly chatId: string
  readonly text: string
  readonly maxTokens: number
  readonly temperature: number
  readonly seed?: number | null
}

/** A reply that has not come after so long never will. Milliseconds; more than a generation may take. */
const patienceMs = 5 * 60_000

export async function createChat(
  parts: ChatParts,
  { model, title, project }: { model: string; title?: string | null; project?: string | null },
): Promise<Chat> {
  const { identity, chats, now } = parts
  if (title && title.length > 200) throw invalidInput(`The title has ${title.length} characters: 200 are the most.`)
  const version = await resolveRef(parts, model, project)
  const chat: Chat = {
    id: newId('chat'),
    project: chosenProject(identity, project),
    principal: identity.principal,
    versionId: version.id,
    title: title ?? '',
    createdAt: now(),
  }
  await chats.create(chat)
  return chat
}

/** Throws NOT_FOUND; another project's chat is not there. */
export async function findChat({ chats, identity }: Pick<ChatParts, 'chats' | 'identity'>, id: string): Promise<Chat> {
  const chat = await chats.find(id)
  if (!chat || !mayAccess(identity, chat.project)) throw chatNotFound(id)
  return chat
}

/** Adds a question; the reply grows in the background, as `tell` says, and is kept when it ends. */
export async function sendMessage(parts: ChatParts, input: MessageInput): Promise<ChatMessage> {
  const { chats, generators, versions, now } = parts
  const chat = await findChat(parts, input.chatId)
  const before = await chats.messages(chat.id)
  const prompt = promptOf([...before, { role: 'user', text: input.text }])
  const { maxTokens, temperature, seed } = input
  const request = requestOf(
    { prompt: prompt.slice(-longestPrompt), maxTokens, temperature },
    seed ?? generators.newSeed(),
  )
  const [version] = await versions.byId([chat.versionId])
  if (!version) throw versionGone(chat.id)
  const files = await versions.files([version.id])

  const [question, reply] = [messageOf(chat.id, 'user', input.text, now()), messageOf(chat.id, 'assistant', '', now())]
  if (!(await chats.ask(question, reply, new Date(now().getTime() - patienceMs)))) throw stillReplying(chat.id)
  const stop = ['\nUser:']
  void write(parts, chat, reply, heard => generators.generate({ id: version.id, files }, { ...request, stop }, heard))
  return reply
}

const longestPrompt = 100_000
/** Between two looks whether a reply is still wanted, in milliseconds. */
const lookMs = 1_000

async function write(
  { chats, tell }: ChatParts,
  { id: chatId, project }: Chat,
  { id: messageId }: ChatMessage,
  generate: (heard: Listening) => ReturnType<Generators['generate']>,
): Promise<void> {
  const cancelling = new AbortController()
  const look = setInterval(async () => {
    // A look that fails decides nothing.
    if (!(await chats.isWanted(messageId).catch(() => true))) cancelling.abort()
  }, lookMs)
  const written: string[] = []
  let index = 0
  let telling: Promise<void> = Promise.resolve()
  const say = (text: string, end: { status: 'COMPLETE' | 'FAILED'; error: string | null } | null) => {
    const progress = { chatId, messageId, index: index++, text, end }
    // In order; who listens misses a piece rather than hold up the reply, and has the whole text at the end.
    telling = telling.then(() => tell(project, progress)).catch(() => {})
  }
  const onText = (piece: string) => {
    written.push(piece)
    say(piece, null)
  }
  const outcome = await generate({ onText, signal: cancelling.signal }).then(
    ({ text, tokens, finishReason }): Outcome => ({
      text: text.trim(),
      status: 'COMPLETE',
      error: null,
      tokens,
      finishReason,
    }),
    (error: unknown): Outcome => {
      if (cancelling.signal.aborted) {
        return { text: written.join('').trim(), status: 'CANCELLED', error: null, tokens: null, finishReason: null }
      }
      const reason = error instanceof DomainError ? error.message : 'The generation failed.'
      return { text: '', status: 'FAILED', error: reason, tokens: null, finishReason: null }
    },
  )
  clearInterval(look)
  await chats.settle(messageId, outcome).catch(() => {})
  if (outcome.status === 'COMPLETE') return say(outcome.text, { status: 'COMPLETE', error: null })
  say(outcome.text, { status: 'FAILED', error: outcome.error ?? 'Its last reader left.' })
}

const messageOf = (chatId: string, role: ChatMessage['role'], text: string, createdAt: Date): ChatMessage => ({
  id: newId('msg'),
  chatId,
  role,
  text,
  status: role === 'user' ? 'COMPLETE' : 'PENDING',
  error: null,
  tokens: null,
  finishReason: null,
  createdAt,
})

/** The plain form that base models go on with; failed replies are left out. */
function promptOf(messages: readonly Pick<ChatMessage, 'role' | 'text'>[]): string {
  const lines = messages
    .filter(({ role, text }) => role === 'user' || text !== '')
    .map(({ role, text }) => `${role === 'user' ? 'User' : 'Assistant'}: ${text}`)
  return [...lines, 'Assistant:'].join('\n')
}

const chatNotFound = (id: string) =>
  notFound(`There is no chat ${JSON.stringify(id)}: \`chats\` lists those that there are.`)

const versionGone = (id: string) => conflict(`The version that the chat "${id}" is with was deleted: begin a new chat.`)

const stillReplying = (id: string) =>
  conflict(`A reply in the chat "${id}" is being written: wait for its end, and send the message again.`)
