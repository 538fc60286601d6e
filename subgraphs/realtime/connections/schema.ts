import { resolveCursorConnection } from '@pothos/plugin-relay'
import { pageSize } from '../../../kernel/federation.ts'
import { builder } from '../builder.ts'
import type { LiveConnection, Page } from './connection.ts'
import { listConnections } from './service.ts'

const LiveConnectionRef = builder.objectRef<LiveConnection>('LiveSubscription').implement({
  description: 'A subscription that is served at the moment.',
  fields: t => ({
    id: t.exposeID('id'),
    principal: t.exposeString('principal', { description: 'Who subscribed.' }),
    name: t.exposeString('name', { description: 'The name of their key.' }),
    project: t.exposeString('project'),
    field: t.exposeString('field', { description: 'What they subscribed to: a field of `Subscription`.' }),
    subject: t.exposeID('subject', { nullable: true, description: 'The id that it is about.' }),
    since: t.expose('since', { type: 'DateTime' }),
    delivered: t.exposeInt('delivered', { description: 'Events that they were given.' }),
    gaps: t.exposeInt('gaps', { description: 'How many of these said that events are missing.' }),
    behind: t.exposeInt('behind', { description: 'Events that wait for them to read on.' }),
    behindMs: t.exposeInt('behindMs', { description: 'Age of the oldest of these, in milliseconds.' }),
    instance: t.exposeString('instance', { description: 'The process that serves it.' }),
  }),
})

builder.queryField('connections', t =>
  t.connection(
    {
      type: LiveConnectionRef,
      nullable: true,
      authScopes: { scope: 'monitoring:read' },
      description: 'Who is subscribed to what, newest first.',
      resolve: (_, args, context) =>
        resolveCursorConnection({ args, ...pageSize, toCursor: ({ id }: LiveConnection) => id }, (page: Page) =>
          listConnections(context, context.identity, page),
        ),
    },
    { name: 'LiveSubscriptionConnection' },
    { name: 'LiveSubscriptionEdge' },
  ),
)
