import SchemaBuilder from '@pothos/core'
import DirectivesPlugin from '@pothos/plugin-directives'
import FederationPlugin from '@pothos/plugin-federation'
import ScopeAuthPlugin from '@pothos/plugin-scope-auth'
import { AccessDirectives } from '../../kernel/auth/access-directives.ts'
import type { Scope } from '../../kernel/auth/identity.ts'
import { forbidden } from '../../kernel/errors.ts'
import { DateTime } from '../../kernel/scalars.ts'
import type { RequestContext } from '../../kernel/serve.ts'
import type { FleetParts } from './fleet/ports.ts'
import { healthStatuses } from './heartbeat.ts'
import type { JobParts } from './jobs/ports.ts'
import type { Loaders } from './loaders.ts'
import type { ServiceParts } from './services/ports.ts'

/** What the resolvers of this subgraph work with; the loaders are one request's own. */
export type MonitoringParts = ServiceParts & FleetParts & JobParts & { readonly loaders: Loaders }

export const builder = new SchemaBuilder<{
  Context: RequestContext & MonitoringParts
  AuthScopes: { scope: Scope }
  Scalars: {
    DateTime: { Input: Date; Output: Date }
    ID: { Input: string; Output: string }
  }
  DefaultFieldNullability: false
}>({
  plugins: [ScopeAuthPlugin, DirectivesPlugin, FederationPlugin, AccessDirectives],
  defaultFieldNullability: false,
  scopeAuth: {
    authScopes: ({ identity }) => ({ scope: (scope: Scope) => identity.scopes.includes(scope) }),
    unauthorizedError: (_parent, _context, info) =>
      forbidden(`Your key lacks the scope that \`${info.fieldName}\` needs: ask an admin for one with a larger role.`),
  },
})

builder.queryType()
builder.addScalarType('DateTime', DateTime)

export const HealthStatusEnum = builder.enumType('HealthStatus', {
  values: healthStatuses,
  description: 'Computed from measured reports: late or strained is DEGRADED, silent for three intervals is DOWN.',
})
