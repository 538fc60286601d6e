import type { PrismaClient } from '../../../prisma/models/generated/client.ts'
import type { Call, Calls } from './ports.ts'

/** A call that has not ended after so long died with its process. Milliseconds. */
const patienceMs = 60_000

export function callStore({ idempotentCall }: PrismaClient): Calls {
  const place = ({ project, key }: Call) => ({ project_key: { project, key } })
  return {
    async begin(call) {
      const abandoned = {
        project: call.project,
        key: call.key,
        result: '',
        at: { lt: new Date(Date.now() - patienceMs) },
      }
      await idempotentCall.deleteMany({ where: abandoned })
      const { count } = await idempotentCall.createMany({ data: [{ ...call, result: '' }], skipDuplicates: true })
      return count > 0 ? null : idempotentCall.findUnique({ where: place(call) })
    },
    async finish(call, result) {
      await idempotentCall.update({ where: place(call), data: { result } })
    },
    async abandon({ project, key }) {
      await idempotentCall.deleteMany({ where: { project, key, result: '' } })
    },
  }
}
