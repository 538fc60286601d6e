import { DomainError, invalidInput, unavailable } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Bus, Retention } from './bus.ts'
import { openPostgresBus } from './postgres.ts'
import { openRedisBus } from './redis.ts'

/** Opens the event log that the scheme of `url` names (BUS_URL). Throws UNAVAILABLE when it does not answer. */
export async function openBus(url: string, retention: Retention, log: Log): Promise<Bus> {
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
