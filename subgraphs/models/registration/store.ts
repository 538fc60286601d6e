import { newId } from '../../../kernel/ids.ts'
import { Prisma, type PrismaClient } from '../../../prisma/models/generated/client.ts'
import { toVersion } from '../versions/store.ts'
import type { Registrations, VersionDraft } from './ports.ts'

export function registrationStore(database: PrismaClient): Registrations {
  return {
    async isRegistered(jobId) {
      return (await database.version.count({ where: { jobId } })) > 0
    },
    async knownVersions(project, ids) {
      const rows = await database.version.findMany({ where: { project, id: { in: [...ids] } }, select: { id: true } })
      return new Set(rows.map(({ id }) => id))
    },
    async register(draft, announce) {
      try {
        await database.$transaction(async transaction => {
          const model = await takeNumber(transaction, draft)
          const row = await transaction.version.create({ data: columns(draft, model.id, model.newest) })
          await transaction.outbox.create({ data: announce(toVersion(row), model) })
        })
      } catch (error) {
        // Another process was given the same job: its version stands, and our number was never taken.
        if (!(await this.isRegistered(draft.job.jobId))) throw error
      }
    },
    async reject(event) {
      await database.outbox.createMany({ data: [event], skipDuplicates: true })
    },
  }
}

/** Locks the model's row until the transaction ends, so that no two versions get one number. */
function takeNumber({ model }: Prisma.TransactionClient, { project, job: { modelName: name } }: VersionDraft) {
  return model.upsert({
    where: { project_name: { project, name } },
    create: { id: newId('model'), project, name, newest: 1 },
    update: { newest: { increment: 1 } },
  })
}

function columns({ project, job, digest, sizeBytes }: VersionDraft, modelId: string, number: number) {
  return {
    id: newId('mv'),
    modelId,
    project,
    number,
    digest,
    sizeBytes,
    phase: job.phase,
    jobId: job.jobId,
    parameterCount: job.parameterCount,
    architecture: job.architecture as Prisma.InputJsonObject,
    metrics: job.metrics,
    dataset: job.dataset ?? Prisma.DbNull,
    parentIds: job.parents,
    files: { create: job.files },
  } satisfies Prisma.VersionUncheckedCreateInput
}
