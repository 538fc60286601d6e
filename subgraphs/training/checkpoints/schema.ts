import { builder, CheckpointRef, TrainingJobRef } from '../builder.ts'

CheckpointRef.implement({
  authScopes: { scope: 'training:read' },
  description: 'The whole state of a training after a step: from here it goes on bit for bit.',
  fields: t => ({
    id: t.exposeID('id'),
    step: t.exposeInt('step'),
    attempt: t.exposeInt('attempt', { description: 'The attempt that saved it.' }),
    digest: t.exposeString('digest', { description: '`sha256:` and 64 hexadecimal digits, over the bytes.' }),
    sizeBytes: t.exposeFloat('sizeBytes'),
    validationLoss: t.exposeFloat('validationLoss', {
      nullable: true,
      description: 'Of its weights; measured for the checkpoints that steps ask for.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
  }),
})

builder.objectField(TrainingJobRef, 'checkpoints', t =>
  t.field({
    type: [CheckpointRef],
    description:
      'Those that are kept, newest first: the last ones and the best ones; in the end only the last ones of a failed job.',
    resolve: ({ id }, _, { checkpoints }) => checkpoints.ofJob(id),
  }),
)
