import type { Role } from '../../../kernel/auth/identity.ts'
import { createOutbox } from '../../../kernel/outbox.ts'
import { Prisma, type PrismaClient } from '../../../prisma/orchestration/generated/client.ts'
import type { ApiKeyModel } from '../../../prisma/orchestration/generated/models.ts'
import { eventData, type TopicData } from '../../../schema/events.ts'
import { pageQuery, projectQuery } from '../page.ts'
import type { ApiKey, KeyKind } from './key.ts'
import type { Keys } from './ports.ts'

export const keyStore = (db: PrismaClient): Keys => ({
  async find(id) {
    const row = await db.apiKey.findUnique({ where: { id } })
    return row && keyOf(row)
  },

  async findByHash(hash) {
    const row = await db.apiKey.findUnique({ where: { hash } })
    return row && keyOf(row)
  },

  async list(project, page) {
    const { id, ...query } = pageQuery(page)
    const where = { project: projectQuery(project), kind: { not: 'session' }, id }
    const rows = await db.apiKey.findMany({ where, ...query })
    return rows.map(keyOf)
  },

  async add(key, audit) {
    const { project, idempotencyKey } = key
    try {
      await db.$transaction([db.apiKey.create({ data: key }), db.auditEntry.create({ data: audit })])
      return key
    } catch (error) {
      const isTaken = error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002'
      if (idempotencyKey === null || !isTaken) throw error
      const where = { project_idempotencyKey: { project, idempotencyKey } }
      return keyOf(await db.apiKey.findUniqueOrThrow({ where }))
    }
  },

  async addFirst(key, audit) {
    const earlier = { kind: 'first', revokedAt: null }
    await db.$transaction(async tx => {
      const ended = await tx.apiKey.updateManyAndReturn({ where: earlier, data: { revokedAt: key.createdAt } })
      await tx.apiKey.create({ data: key })
      await tx.auditEntry.create({ data: audit })
      await tx.outbox.createMany({ data: ended.map(old => revocationOf(old, key.createdAt)) })
    })
  },

  async revoke(key, at, audit) {
    await db.$transaction([
      db.apiKey.update({ where: { id: key.id }, data: { revokedAt: at } }),
      db.auditEntry.create({ data: audit }),
      db.outbox.create({ data: revocationOf(key, at) }),
    ])
  },

  async touch(id, at, since) {
    const isStale = { OR: [{ lastUsedAt: null }, { lastUsedAt: { lt: since } }] }
    await db.apiKey.updateMany({ where: { id, ...isStale }, data: { lastUsedAt: at } })
  },
})

const outbox = createOutbox<TopicData>(eventData)
const revocationOf = ({ id, project }: Pick<ApiKey, 'id' | 'project'>, at: Date) =>
  outbox('key.revoked', { key: id, project, data: { keyId: id } }, at)

const keyOf = (row: ApiKeyModel): ApiKey => ({ ...row, role: row.role as Role, kind: row.kind as KeyKind })
