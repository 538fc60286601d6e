import { openRedisBus } from '../../../kernel/bus/redis.ts'
import { connectRedis, redisUrl, scratchPrefix } from '../../support/scratch.ts'
import { silentLog } from '../../support/silent-log.ts'
import { busConformance } from './conformance.ts'

busConformance('the event log in Redis', async () => {
  const scratch = await scratchPrefix()
  const name = scratch.prefix.slice(1, -1)
  const url = new URL(redisUrl)
  return {
    open: retention => openRedisBus(url.href, retention, silentLog, { prefix: scratch.prefix, name }),
    async cut() {
      await using connection = await connectRedis()
      for (const client of await connection.redis.clientList()) {
        if (client.name === name) await connection.redis.clientKill({ filter: 'ID', id: client.id })
      }
    },
    [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
  }
})
