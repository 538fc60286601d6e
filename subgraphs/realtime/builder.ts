import SchemaBuilder from '@pothos/core'
import DirectivesPlugin from '@pothos/plugin-directives'
import FederationPlugin from '@pothos/plugin-federation'
import RelayPlugin from '@pothos/plugin-relay'
import ScopeAuthPlugin from '@pothos/plugin-scope-auth'
import { AccessDirectives } from '../../kernel/auth/access-directives.ts'
import type { Scope } from '../../kernel/auth/identity.ts'
import { forbidden } from '../../kernel/errors.ts'
import { DateTime, JSONValue } from '../../kernel/scalars.ts'
import type { RequestContext } from '../../kernel/serve.ts'
import { jobStatuses } from '../../schema/values.ts'
import type { ConnectionParts } from './connections/ports.ts'
import type { StreamParts } from './streams/ports.ts'

/** What the resolvers of this subgraph work with. */
export type RealtimeParts = StreamParts & ConnectionParts

export const builder = new SchemaBuilder<{
  Context: RequestContext & RealtimeParts
  AuthScopes: { scope: Scope }
  Directives: {
    resumable: {
      locations: 'FIELD_DEFINITION'
      args: { cursor: string; slowReader: 'COALESCE' | 'GAP'; begins: 'FIRST_EVENT' | 'NOW' }
    }
    shareable: { locations: 'OBJECT' | 'FIELD_DEFINITION' }
  }
  Scalars: {
    DateTime: { Input: Date; Output: Date }
    JSON: { Input: unknown; Output: unknown }
    ID: { Input: string; Output: string }
  }
  DefaultFieldNullability: false
}>({
  plugins: [ScopeAuthPlugin, RelayPlugin, DirectivesPlugin, FederationPlugin, AccessDirectives],
  defaultFieldNullability: false,
  relay: {
    clientMutationId: 'omit',
    cursorType: 'String',
    pageInfoTypeOptions: { directives: { shareable: true } as never },
  },
  scopeAuth: {
    // Once, when the subscription begins; not again for every event.
    authorizeOnSubscribe: true,
    authScopes: ({ identity }) => ({ scope: (scope: Scope) => identity.scopes.includes(scope) }),
    unauthorizedError: (_parent, _context, info) =>
      forbidden(`Your key lacks the scope that \`${info.fieldName}\` needs: ask an admin for one with a larger role.`),
  },
})

builder.queryType()
builder.subscriptionType()
builder.addScalarType('DateTime', DateTime)
builder.addScalarType('JSON', JSONValue)

export const JobStatus = builder.enumType('JobStatus', { values: jobStatuses })
