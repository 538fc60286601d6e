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
import { jobStatuses, type MetricValue, phases, presets } from '../../schema/values.ts'
import type { Checkpoint } from './checkpoints/checkpoint.ts'
import type { CheckpointParts } from './checkpoints/ports.ts'
import type { Dataset } from './datasets/dataset.ts'
import type { EvoMergeParts } from './evomerge/ports.ts'
import type { GroupParts } from './groups/ports.ts'
import type { ImportParts } from './imports/ports.ts'
import type { JobError, TrainingJob } from './jobs/job.ts'
import type { LogParts } from './logs/ports.ts'
import type { MetricSeries } from './metrics/series.ts'
import type { SchedulingParts } from './scheduling/ports.ts'
import type { SweepParts } from './sweeps/ports.ts'

/** What the resolvers of this subgraph work with. */
export interface TrainingParts
  extends EvoMergeParts,
    GroupParts,
    ImportParts,
    LogParts,
    CheckpointParts,
    SweepParts,
    Pick<SchedulingParts, 'line'> {}

export const builder = new SchemaBuilder<{
  Context: RequestContext & TrainingParts
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

export const JobStatus = builder.enumType('JobStatus', { values: jobStatuses })
export const Phase = builder.enumType('Phase', { values: phases, description: 'A phase of the training pipeline.' })
export const Preset = builder.enumType('Preset', { values: presets })

// The rooms refer to each other's types by these.
export const TrainingJobRef = builder.objectRef<TrainingJob>('TrainingJob')
export const JobErrorRef = builder.objectRef<JobError>('JobError')
export const DatasetRef = builder.objectRef<Dataset>('Dataset')
export const CheckpointRef = builder.objectRef<Checkpoint>('Checkpoint')
export const MetricSeriesRef = builder.objectRef<MetricSeries>('MetricSeries')
export const MetricValueRef = builder.objectRef<MetricValue>('MetricValue')
