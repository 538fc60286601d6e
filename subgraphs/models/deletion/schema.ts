import { chosenProject } from '../../../kernel/auth/identity.ts'
import { builder, ModelVersionRef } from '../builder.ts'
import { idempotencyKeyText, once } from '../idempotency/service.ts'
import { purgeNow } from '../purging/service.ts'
import { connect } from '../registry/connection.ts'
import { type Deletion, deletionStatuses, type Preview, tokenOf } from './deletion.ts'
import { deleteVersions, findDeletion, previewDeletion, undoDeletion } from './service.ts'

const DeletionStatus = builder.enumType('DeletionStatus', {
  description:
    'PENDING: can be undone; PURGING: the rows are gone, bytes are being removed; PURGED: nothing is left, `proof` says what went.',
  values: deletionStatuses,
})

const PreviewRef = builder.objectRef<Preview>('DeletionPreview').implement({
  description: 'What deleting versions would remove, and who depends on them.',
  fields: t => ({
    token: t.string({
      description: '`deleteModelVersions` takes it: proof that this was seen, and has not changed since.',
      resolve: tokenOf,
    }),
    versions: t.field({ type: [ModelVersionRef], resolve: ({ versions }) => versions }),
    dependents: t.field({
      type: [ModelVersionRef],
      description: 'Versions that stay and were made from these; they keep working.',
      resolve: ({ dependents }) => dependents,
    }),
    aliases: t.stringList({
      description: '`name@alias` of aliases that name these; while there is one, nothing is deleted.',
      resolve: ({ aliases }) => aliases,
    }),
    files: t.exposeInt('files'),
    freedBytes: t.exposeFloat('freedBytes', { description: 'Of bytes that no other version has.' }),
  }),
})

const DeletionRef = builder.objectRef<Deletion>('ModelDeletion').implement({
  authScopes: { scope: 'models:read' },
  description: 'Versions that were taken away together, and what became of them.',
  fields: t => ({
    id: t.exposeID('id'),
    status: t.expose('status', { type: DeletionStatus }),
    refs: t.exposeStringList('refs'),
    reason: t.exposeString('reason'),
    requestedBy: t.exposeString('requestedBy'),
    requestedAt: t.expose('requestedAt', { type: 'DateTime' }),
    purgeAfter: t.expose('purgeAfter', { type: 'DateTime', description: 'Until then it can be undone.' }),
    settledAt: t.expose('settledAt', { type: 'DateTime', nullable: true }),
    proof: t.exposeString('proof', {
      nullable: true,
      description: 'JSON, as it was signed: which versions and bytes were removed, and which bytes stayed for whom.',
    }),
    signature: t.exposeString('signature', { nullable: true, description: 'Ed25519 over `proof`, in base64url.' }),
    keyId: t.exposeString('keyId', { nullable: true }),
  }),
})

const DeleteInput = builder.inputType('DeleteModelVersionsInput', {
  fields: t => ({
    refs: t.stringList({ required: true, description: 'As in `deletionPreview`.' }),
    token: t.string({ required: true, description: 'Of `deletionPreview`.' }),
    reason: t.string(),
    project: t.string(),
    idempotencyKey: t.string({ description: idempotencyKeyText }),
  }),
})

builder.queryFields(t => ({
  deletionPreview: t.field({
    type: PreviewRef,
    nullable: true,
    authScopes: { scope: 'models:read' },
    args: { refs: t.arg.stringList({ required: true }), project: t.arg.string() },
    resolve: (_, { refs, project }, context) => previewDeletion(context, refs, project),
  }),
  modelDeletion: t.field({
    type: DeletionRef,
    nullable: true,
    authScopes: { scope: 'models:read' },
    args: { id: t.arg.id({ required: true }) },
    resolve: (_, { id }, context) => findDeletion(context, id),
  }),
  modelDeletions: t.connection(
    {
      type: DeletionRef,
      nullable: true,
      authScopes: { scope: 'models:read' },
      description: 'Newest first.',
      args: { project: t.arg.string() },
      resolve: (_, { project, ...args }, { deletions, identity }) => {
        const within = project == null && identity.project === '*' ? undefined : chosenProject(identity, project)
        return connect(args, 'deletion', page => deletions.list(within, page))
      },
    },
    { name: 'ModelDeletionConnection' },
    { name: 'ModelDeletionEdge' },
  ),
}))

builder.mutationFields(t => ({
  deleteModelVersions: t.field({
    type: DeletionRef,
    authScopes: { scope: 'models:write' },
    description: 'Hides what `deletionPreview` has shown. It can be undone for a while, and is purged then.',
    args: { input: t.arg({ type: DeleteInput, required: true }) },
    resolve: (_, { input }, context) =>
      once(context, 'deleteModelVersions', input, () => deleteVersions(context, input), context.deletions.find),
  }),
  undoDeletion: t.field({
    type: DeletionRef,
    authScopes: { scope: 'models:write' },
    description: 'Shows deleted versions again, as they were.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_, { id }, context) => undoDeletion(context, id),
  }),
  purgeDeletion: t.field({
    type: DeletionRef,
    authScopes: { scope: 'models:write' },
    description: 'Removes what was deleted now and for good, without waiting for `purgeAfter`.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_, { id }, context) => purgeNow(context, id),
  }),
}))
