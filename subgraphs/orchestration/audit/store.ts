import type { PrismaClient } from '../../../prisma/orchestration/generated/client.ts'
import { pageQuery, projectQuery } from '../page.ts'
import type { Action } from './entry.ts'
import type { AuditLog } from './ports.ts'

export const auditStore = (db: PrismaClient): AuditLog => ({
  async list(project, page) {
    const { id, ...query } = pageQuery(page)
    const rows = await db.auditEntry.findMany({ where: { project: projectQuery(project), id }, ...query })
    return rows.map(row => ({ ...row, action: row.action as Action }))
  },
})
