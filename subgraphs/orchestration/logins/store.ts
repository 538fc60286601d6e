import type { PrismaClient } from '../../../prisma/orchestration/generated/client.ts'
import { patient } from '../transaction.ts'
import type { LoginCodes } from './ports.ts'

export const loginStore = (db: PrismaClient): LoginCodes => ({
  async add(hash, expiresAt, audit) {
    await db.$transaction([db.loginCode.create({ data: { hash, expiresAt } }), db.auditEntry.create({ data: audit })])
  },

  exchange: (hash, session, audit) =>
    db.$transaction(async tx => {
      const unused = { hash, usedAt: null, expiresAt: { gt: session.createdAt } }
      // Of two who bring the code at once, the second waits for the first one's row and then finds it used.
      const { count } = await tx.loginCode.updateMany({ where: unused, data: { usedAt: session.createdAt } })
      if (count === 0) return false
      await tx.apiKey.create({ data: session })
      await tx.auditEntry.create({ data: audit })
      return true
    }, patient),
})
