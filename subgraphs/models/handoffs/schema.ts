import { chosenProject } from '../../../kernel/auth/identity.ts'
import { builder, ModelVersionRef } from '../builder.ts'
import { connect } from '../registry/connection.ts'
import { type Handoff, handoffStatuses } from './handoff.ts'

const HandoffStatus = builder.enumType('HandoffStatus', {
  description:
    'OFFERED: it waits for the next step; ACCEPTED: a version was made from it; REJECTED: `reason` says why not.',
  values: handoffStatuses,
})

const HandoffRef = builder.objectRef<Handoff>('Handoff').implement({
  authScopes: { scope: 'models:read' },
  description: 'What one step of a pipeline run hands to those behind it. Made by what happens, never by a mutation.',
  fields: t => ({
    id: t.exposeID('id'),
    runId: t.exposeID('runId'),
    stepName: t.exposeString('stepName'),
    status: t.expose('status', { type: HandoffStatus }),
    reason: t.exposeString('reason', { nullable: true, description: 'Why it was rejected.' }),
    version: t.field({
      type: ModelVersionRef,
      nullable: true,
      description: 'Null where the step made nothing that could be handed over.',
      resolve: ({ versionId }, _, { loaders }) => (versionId ? loaders.version.load(versionId) : null),
    }),
    takenBy: t.field({
      type: ModelVersionRef,
      nullable: true,
      description: 'The version that was made from it.',
      resolve: ({ takenById }, _, { loaders }) => (takenById ? loaders.version.load(takenById) : null),
    }),
    offeredAt: t.expose('offeredAt', { type: 'DateTime' }),
    settledAt: t.expose('settledAt', { type: 'DateTime', nullable: true }),
  }),
})

builder.objectField(ModelVersionRef, 'handoffs', t =>
  t.field({ type: [HandoffRef], resolve: ({ id }, _, { loaders }) => loaders.handoffsOf.load(id) }),
)

builder.queryField('handoffs', t =>
  t.connection(
    {
      type: HandoffRef,
      nullable: true,
      authScopes: { scope: 'models:read' },
      description: 'Newest first.',
      args: { runId: t.arg.id(), status: t.arg({ type: HandoffStatus }), project: t.arg.string() },
      resolve: (_, { runId, status, project, ...args }, { handoffs, identity }) => {
        const within = project == null && identity.project === '*' ? undefined : chosenProject(identity, project)
        const filter = { project: within, runId: runId ?? undefined, status: status ?? undefined }
        return connect(args, 'handoff', page => handoffs.list(filter, page))
      },
    },
    { name: 'HandoffConnection' },
    { name: 'HandoffEdge' },
  ),
)
