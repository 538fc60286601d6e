import type { PrismaClient } from '../../../prisma/realtime/generated/client.ts'
import type { Subjects } from './ports.ts'
import type { Subject } from './subject.ts'

export const subjectStore = ({ subject }: PrismaClient): Subjects => ({
  // The column `state` holds what `put` has written: the state of that kind.
  find: async id => (await subject.findUnique({ where: { id } })) as Subject | null,
  async put({ id, state, ...known }) {
    const row = { ...known, state: state as object }
    await subject.upsert({ where: { id }, create: { id, ...row }, update: row })
  },
})
