import { pause } from '../../../kernel/resilience/pause.ts'
import type { Prisma, PrismaClient } from '../../../prisma/training/generated/client.ts'
import type { KnownVersions } from './ports.ts'
import type { KnownVersion, VersionRef } from './version.ts'

/** Whoever has just seen a version registered may ask for it before its event has come here. Milliseconds. */
const patienceMs = 2_000
const lookMs = 100

export function knownVersionStore({ knownVersion: table, knownAlias: aliases }: PrismaClient): KnownVersions {
  async function look(project: string, ref: VersionRef): Promise<KnownVersion | null> {
    if ('alias' in ref) {
      const { modelName, alias } = ref
      const named = await aliases.findUnique({ where: { project_modelName_alias: { project, modelName, alias } } })
      return named && look(project, { id: named.versionId })
    }
    const { modelName, number } = 'id' in ref ? { modelName: undefined, number: undefined } : ref
    const row = await table.findFirst({
      where: {
        project,
        isDeleted: false,
        id: 'id' in ref ? ref.id : undefined,
        modelName,
        number: number === 'latest' ? undefined : number,
      },
      orderBy: { number: 'desc' },
    })
    return row as KnownVersion | null
  }

  return {
    async find(project, ref) {
      for (const deadline = Date.now() + patienceMs; ; await pause(lookMs)) {
        const found = await look(project, ref)
        if (found || Date.now() > deadline) return found
      }
    },
    async add({ files, architecture, ...version }) {
      const json = {
        files: files as unknown as Prisma.InputJsonValue,
        architecture: architecture as Prisma.InputJsonObject,
      }
      await table.createMany({ data: [{ ...version, ...json }], skipDuplicates: true })
    },
    async moveAlias(project, modelName, alias, versionId) {
      const place = { project, modelName, alias }
      if (versionId === null) return void (await aliases.deleteMany({ where: place }))
      const where = { project_modelName_alias: place }
      await aliases.upsert({ where, create: { ...place, versionId }, update: { versionId } })
    },
    async setDeleted(id, isDeleted) {
      await table.updateMany({ where: { id }, data: { isDeleted } })
    },
    async remove(id) {
      await table.deleteMany({ where: { id } })
    },
  }
}
