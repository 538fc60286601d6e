import SchemaBuilder from '@pothos/core'
import DirectivesPlugin from '@pothos/plugin-directives'
import FederationPlugin from '@pothos/plugin-federation'
import RelayPlugin from '@pothos/plugin-relay'
import ScopeAuthPlugin from '@pothos/plugin-scope-auth'
import { AccessDirectives } from '../../kernel/auth/access-directives.ts'
import type { Scope } from '../../kernel/auth/identity.ts'
import type { Blobs } from '../../kernel/blobs/blobs.ts'
import { forbidden } from '../../kernel/errors.ts'
import { DateTime, JSONValue } from '../../kernel/scalars.ts'
import type { RequestContext } from '../../kernel/serve.ts'
import { phases } from '../../schema/values.ts'
import type { AliasStore } from './aliases/ports.ts'
import type { Chats, Tell } from './chats/ports.ts'
import type { Deletions } from './deletion/ports.ts'
import type { Generators } from './generation/ports.ts'
import type { Handoffs } from './handoffs/ports.ts'
import type { Histories } from './histories/ports.ts'
import type { Calls } from './idempotency/ports.ts'
import type { Labels } from './labels/ports.ts'
import type { Loaders } from './loaders.ts'
import type { Purges } from './purging/ports.ts'
import type { Artifacts, Registrations } from './registration/ports.ts'
import type { Model } from './registry/model.ts'
import type { Registry } from './registry/ports.ts'
import type { Retentions } from './retention/ports.ts'
import type { VersionSigner } from './signing/ports.ts'
import type { Versions } from './versions/ports.ts'
import type { ModelVersion } from './versions/version.ts'

/** What the resolvers of this subgraph work with; the loaders are one request's own. */
export interface ModelsParts {
  readonly registry: Registry
  readonly versions: Versions
  readonly loaders: Loaders
  readonly aliases: AliasStore
  readonly labels: Labels
  readonly calls: Calls
  readonly handoffs: Handoffs
  readonly histories: Histories
  readonly deletions: Deletions
  readonly purges: Purges
  readonly retentions: Retentions
  readonly signer: VersionSigner
  readonly blobs: Blobs
  readonly chats: Chats
  readonly tell: Tell
  readonly registrations: Registrations
  readonly artifacts: Artifacts
  readonly generators: Generators
  /** How long a deletion can be undone, in milliseconds. */
  readonly undoMs: number
  lagMs(): Promise<number>
  now(): Date
}

export const builder = new SchemaBuilder<{
  Context: RequestContext & ModelsParts
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

export const Phase = builder.enumType('Phase', { values: phases, description: 'A phase of the training pipeline.' })

// The rooms refer to each other's types by these.
export const ModelRef = builder.objectRef<Model>('Model')
export const ModelVersionRef = builder.objectRef<ModelVersion>('ModelVersion')
