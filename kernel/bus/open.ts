import type { Env } from '../env.ts'
import { DomainError, invalidInput, unavailable } from '../errors.ts'
import type { Log } from '../log.ts'
import { openBusAddress } from './address.ts'
import type { Bus, Retention } from './bus.ts'
import { openPostgresBus } from './postgres.ts'
import { openRedisBus } from './redis.ts'

/** Opens the event log that BUS_URL names, else the one in the embedded PostgreSQL. Throws UNAVAILABLE without an answer. */
export async function openBus(env: Env, retention: Retention, log: Log): Promise<Bus> {
  await using opening = new AsyncDisposableStack()
  const address = opening.use(await openBusAddress(env, log))
  const bus = opening.use(await openBusAt(address.url, retention, log))
  const parts = opening.move()
  return { ...bus, [Symbol.asyncDispose]: () => parts.disposeAsync() }
}

/** Opens the event log at a URL, by its scheme. */
export async function openBusAt(url: string, retention: Retention, log: Log): Promise<Bus> {
  const { protocol, host } = new URL(url)
  try {
    switch (protocol) {
      case 'postgres:':
      case 'postgresql:':
        return await openPostgresBus(url, retention, log)
      case 'redis:':
      case 'rediss:':
        return await openRedisBus(url, retention, log)
    }
  } catch (error) {
    if (error instanceof DomainError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw unavailable(`The event log at ${host} cannot be opened (${reason}): check BUS_URL and that server.`, error)
  }
  throw invalidInput(`BUS_URL begins with "${protocol}//": use postgres://… or redis://….`)
}
