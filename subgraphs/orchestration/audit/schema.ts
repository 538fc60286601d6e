import { resolveCursorConnection } from '@pothos/plugin-relay'
import { pageSize } from '../../../kernel/federation.ts'
import { builder } from '../builder.ts'
import { checkedPage, type Page } from '../page.ts'
import type { AuditEntry } from './entry.ts'

const AuditEntryType = builder.objectRef<AuditEntry>('AuditEntry').implement({
  authScopes: { scope: 'identity:write' },
  description: 'Who did what to what. Entries can be neither changed nor deleted.',
  fields: t => ({
    id: t.exposeID('id'),
    at: t.expose('at', { type: 'DateTime' }),
    principal: t.exposeString('principal', { description: 'The key, session or service that did it.' }),
    project: t.exposeString('project'),
    action: t.exposeString('action', {
      description:
        'What was done: `run.created`, `run.cancelled`, `key.created`, `key.revoked`, `login_code.created` or `session.created`.',
    }),
    subject: t.exposeString('subject', { description: 'Id of the run, key or session that it was done to.' }),
  }),
})

builder.queryField('auditLog', t =>
  t.connection(
    {
      type: AuditEntryType,
      nullable: true,
      authScopes: { scope: 'identity:write' },
      description: 'Everything that changed runs and keys, newest first. Admins only.',
      resolve: (_root, args, { auditLog, identity }) =>
        resolveCursorConnection({ args, ...pageSize, toCursor: (entry: AuditEntry) => entry.id }, (page: Page) =>
          auditLog.list(identity.project, checkedPage(page, 'audit')),
        ),
    },
    { name: 'AuditEntryConnection' },
    { name: 'AuditEntryEdge' },
  ),
)
