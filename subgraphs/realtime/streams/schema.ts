import { builder } from '../builder.ts'
import { afterText, cursorText, GapRef, gapText, pointer } from '../feed/schema.ts'
import { followEvents, followFleet, type Happening } from './service.ts'

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

builder.subscriptionFields(t => ({
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
