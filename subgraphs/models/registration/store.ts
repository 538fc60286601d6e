import { newId } from '../../../kernel/ids.ts'
import { Prisma, type PrismaClient } from '../../../prisma/models/generated/client.ts'
import { holdCollection } from '../purging/holding.ts'
import { toVersion } from '../versions/store.ts'
import type { ModelVersion } from '../versions/version.ts'
import type { Registrations, VersionDraft } from './ports.ts'

/** `present` says whether the bytes of a digest are stored; asked once more while their collection is held off. */
export function registrationStore(
  database: PrismaClient,
  present: (digest: string) => Promise<boolean>,
): Registrations {
  const ofJob: Registrations['ofJob'] = async jobId => {
    const row = await database.version.findUnique({ where: { jobId } })
    return row && toVersion(row)
  }
  return {
    ofJob,
    async knownVersions(project, ids) {
      const where = { project, id: { in: [...ids] } }
      const rows = await database.version.findMany({ where, select: { id: true, digest: true } })
      return new Map(rows.map(({ id, digest }) => [id, digest]))
    },
    async register(draft, { seal, announce }) {
      const { files, jobId } = draft.made
      try {
        return await database.$transaction(async transaction => {
          await holdCollection(transaction, files, present)
          const model = await takeNumber(transaction, draft)
          const version = versionOf(draft, model.id, model.newest)
          const row = await transaction.version.create({
            data: columns(draft, { ...version, ...seal(version, model) }),
          })
          await transaction.orphan.deleteMany({ where: { digest: { in: files.map(({ digest }) => digest) } } })
          await transaction.outbox.create({ data: announce(version, model) })
          return toVersion(row)
        })
      } catch (error) {
        // Another process was given the same job: its version stands, and our number was never taken.
        const known = jobId === null ? null : await ofJob(jobId)
        if (!known) throw error
        return known
      }
    },
    async reject(event) {
      await database.outbox.createMany({ data: [event], skipDuplicates: true })
    },
  }
}

/** Locks the model's row until the transaction ends, so that no two versions get one number. */
function takeNumber({ model }: Prisma.TransactionClient, { project, made: { modelName: name } }: VersionDraft) {
  return model.upsert({
    where: { project_name: { project, name } },
    create: { id: newId('model'), project, name, newest: 1 },
    update: { newest: { increment: 1 } },
  })
}

function versionOf({ project, made, digest, sizeBytes }: VersionDraft, modelId: string, number: number): ModelVersion {
  return {
    id: newId('mv'),
    modelId,
    project,
    number,
    digest,
    sizeBytes,
    phase: made.phase,
    jobId: made.jobId,
    parameterCount: made.parameterCount,
    architecture: made.architecture,
    metrics: made.metrics,
    dataset: made.dataset,
    parentIds: made.parents,
    createdAt: new Date(),
    description: '',
    tags: [],
    runId: made.runId,
    stepName: made.stepName,
    source: made.source ?? null,
    manifest: null,
    signature: null,
    keyId: null,
  }
}

function columns({ made }: VersionDraft, version: ModelVersion) {
  const values = new Map(made.metrics.map(({ name, value }) => [name, value]))
  return {
    ...version,
    tags: [...version.tags],
    parentIds: [...version.parentIds],
    architecture: made.architecture as Prisma.InputJsonObject,
    metrics: made.metrics,
    dataset: made.dataset ?? Prisma.DbNull,
    source: made.source ? { ...made.source } : Prisma.DbNull,
    files: { create: made.files },
    values: { create: Array.from(values, ([name, value]) => ({ name, value })) },
  } satisfies Prisma.VersionUncheckedCreateInput
}
