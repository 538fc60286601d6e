import type { EventData } from '../../../schema/events.ts'
import { builder } from '../builder.ts'
import { afterText, cursorText, GapRef, gapText, pointer } from '../feed/schema.ts'
import { followChat, followEvents, followFleet, type Happening } from './service.ts'

const FleetHealth = pointer('FleetHealth')

const EventRef = builder.objectRef<Happening>('Event').implement({
  description: 'Something that has happened in the forge.',
  fields: t => ({
    cursor: t.exposeString('cursor', { description: cursorText }),
    gap: t.expose('gap', { type: GapRef, nullable: true, description: gapText }),
    id: t.exposeID('id'),
    topic: t.exposeString('topic', { description: 'Such as `job.queued`.' }),
    key: t.exposeID('key', { description: 'The id of what it is about.' }),
    project: t.exposeString('project', { description: '`*` where it belongs to none.' }),
    at: t.expose('at', { type: 'DateTime' }),
    data: t.expose('data', { type: 'JSON', description: 'By topic, as schema/events.json has it.' }),
  }),
})

const ChatProgressRef = builder.objectRef<EventData<'chat.progressed'>>('ChatProgress').implement({
  description: 'A piece of a reply. Nothing of it is kept: the reply stands in `chat.messages` when it has ended.',
  fields: t => ({
    chatId: t.exposeID('chatId'),
    messageId: t.exposeID('messageId'),
    index: t.exposeInt('index', { description: 'Counts from 0; where one is missing, a piece was lost.' }),
    text: t.exposeString('text', { description: 'What follows the piece before; at the end, the whole reply.' }),
    isEnd: t.boolean({ resolve: ({ end }) => end !== null }),
    error: t.string({ nullable: true, resolve: ({ end }) => end?.error ?? null }),
  }),
})

builder.subscriptionFields(t => ({
  chatProgress: t.field({
    type: ChatProgressRef,
    authScopes: { scope: 'models:read' },
    description: 'How the replies of one chat grow, from now on. It cannot be resumed.',
    args: { chatId: t.arg.id({ required: true }) },
    subscribe: (_, { chatId }, context) => followChat(context, context.identity, chatId),
    resolve: progress => progress,
  }),
  fleetHealth: t.field({
    type: FleetHealth,
    authScopes: { scope: 'monitoring:read' },
    description: 'The state of the whole forge, now and then at every interval. It cannot be resumed.',
    args: {
      everyMs: t.arg.int({ defaultValue: 1_000, description: 'Milliseconds, from 100 to an hour.' }),
    },
    subscribe: (_, { everyMs }, context) => followFleet(context, context.identity, everyMs ?? 1_000),
    resolve: health => health,
  }),
  events: t.field({
    type: EventRef,
    authScopes: { scope: 'events:read' },
    directives: { resumable: { cursor: 'cursor', slowReader: 'GAP', begins: 'NOW' } },
    description: 'What happens in your project from now on, or since `after`, of the topics that your key may see.',
    args: {
      topics: t.arg.stringList({ description: 'All that you may see when left out.' }),
      after: t.arg.string({ description: afterText }),
    },
    subscribe: (_, chosen, context) => followEvents(context, context.identity, chosen),
    resolve: event => event,
  }),
}))
