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
import { jobStatuses, phases, presets } from '../../schema/values.ts'
import type { AuditParts } from './audit/ports.ts'
import type { IdentityParts } from './identities/ports.ts'
import type { LoginParts } from './logins/ports.ts'
import type { RunParts } from './runs/ports.ts'

export type OrchestrationParts = RunParts & IdentityParts & LoginParts & AuditParts

export const builder = new SchemaBuilder<{
  Context: RequestContext & OrchestrationParts
  AuthScopes: { scope: Scope }
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
    authScopes: ({ identity }) => ({ scope: (scope: Scope) => identity.scopes.includes(scope) }),
    unauthorizedError: (_parent, _context, info) =>
      forbidden(`Your key lacks the scope that \`${info.fieldName}\` needs: ask an admin for one with a larger role.`),
  },
})

builder.queryType()
builder.mutationType()
builder.addScalarType('DateTime', DateTime)
builder.addScalarType('JSON', JSONValue)

export const JobStatusEnum = builder.enumType('JobStatus', { values: jobStatuses })
export const PhaseEnum = builder.enumType('Phase', { values: phases })
export const PresetEnum = builder.enumType('Preset', { values: presets })
