import { openDatabase } from '../database/service-database.ts'
import type { Env } from '../env.ts'
import type { Log } from '../log.ts'

/** Where events and jobs are kept: BUS_URL, or the embedded PostgreSQL, which then runs until this is closed. */
export async function openBusAddress(env: Env, log: Log): Promise<{ readonly url: string } & AsyncDisposable> {
  if (env.BUS_URL !== undefined) return { url: env.BUS_URL, async [Symbol.asyncDispose]() {} }
  return openDatabase('bus', env, log)
}
