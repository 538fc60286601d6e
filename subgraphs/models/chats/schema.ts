import { chosenProject } from '../../../kernel/auth/identity.ts'
import { builder, ModelVersionRef } from '../builder.ts'
import { idempotencyKeyText, once } from '../idempotency/service.ts'
import { connect } from '../registry/connection.ts'
import { type Chat, type ChatMessage, messageStatuses } from './chat.ts'
import { createChat, findChat, sendMessage } from './service.ts'

const MessageStatus = builder.enumType('ChatMessageStatus', {
  description:
    'PENDING: the reply is being written, see the subscription `chatProgress`; CANCELLED: its last reader left, `text` is as far as it had come; FAILED: `error` says why.',
  values: messageStatuses,
})

const MessageRef = builder.objectRef<ChatMessage>('ChatMessage').implement({
  fields: t => ({
    id: t.exposeID('id'),
    chatId: t.exposeID('chatId'),
    role: t.exposeString('role', { description: '`user` or `assistant`.' }),
    text: t.exposeString('text'),
    status: t.expose('status', { type: MessageStatus }),
    error: t.exposeString('error', { nullable: true }),
    tokens: t.exposeInt('tokens', { nullable: true }),
    finishReason: t.exposeString('finishReason', { nullable: true, description: '`STOP` or `LENGTH`.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
  }),
})

const ChatRef = builder.objectRef<Chat>('Chat').implement({
  authScopes: { scope: 'models:read' },
  description: 'A conversation with one version.',
  fields: t => ({
    id: t.exposeID('id'),
    title: t.exposeString('title'),
    modelVersion: t.field({
      type: ModelVersionRef,
      nullable: true,
      description: 'Null once it was deleted.',
      resolve: ({ versionId }, _, { loaders }) => loaders.version.load(versionId),
    }),
    messages: t.field({
      type: [MessageRef],
      description: 'Oldest first.',
      resolve: ({ id }, _, { chats }) => chats.messages(id),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
  }),
})

builder.queryFields(t => ({
  chat: t.field({
    type: ChatRef,
    nullable: true,
    authScopes: { scope: 'models:read' },
    args: { id: t.arg.id({ required: true }) },
    resolve: (_, { id }, context) => findChat(context, id),
  }),
  chats: t.connection(
    {
      type: ChatRef,
      nullable: true,
      authScopes: { scope: 'models:read' },
      description: 'Newest first.',
      args: { project: t.arg.string() },
      resolve: (_, { project, ...args }, { chats, identity }) => {
        const within = project == null && identity.project === '*' ? undefined : chosenProject(identity, project)
        return connect(args, 'chat', page => chats.list(within, page))
      },
    },
    { name: 'ChatConnection' },
    { name: 'ChatEdge' },
  ),
}))

const CreateChatInput = builder.inputType('CreateChatInput', {
  fields: t => ({
    model: t.string({ required: true, description: 'Which version, as in `modelVersion`; the chat stays with it.' }),
    title: t.string(),
    project: t.string(),
    idempotencyKey: t.string({ description: idempotencyKeyText }),
  }),
})

const SendMessageInput = builder.inputType('SendMessageInput', {
  fields: t => ({
    chatId: t.id({ required: true }),
    text: t.string({ required: true }),
    maxTokens: t.int({ required: true, defaultValue: 128 }),
    temperature: t.float({ required: true, defaultValue: 0.8 }),
    seed: t.int({ description: 'Left out, a new one is drawn.' }),
  }),
})

builder.mutationFields(t => ({
  createChat: t.field({
    type: ChatRef,
    authScopes: { scope: 'models:write' },
    args: { input: t.arg({ type: CreateChatInput, required: true }) },
    resolve: (_, { input }, context) =>
      once(context, 'createChat', input, () => createChat(context, input), context.chats.find),
  }),
  sendMessage: t.field({
    type: MessageRef,
    authScopes: { scope: 'models:write' },
    directives: { cost: { weight: 100 } } as never,
    description:
      'Adds a message and answers with the reply that begins: subscribe to `chatProgress` before, to see it grow.',
    args: { input: t.arg({ type: SendMessageInput, required: true }) },
    resolve: (_, { input }, context) => sendMessage(context, input),
  }),
}))
