import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chown, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { unavailable } from '../errors.ts'
import type { Log } from '../log.ts'
import type { ClusterHome } from './cluster-home.ts'
import { stopServer } from './postmaster.ts'

/** Makes the cluster once, whole or not at all, and returns the superuser's password. `folder` keeps the password. */
export async function initialise(home: ClusterHome, folder: string, log: Log): Promise<string> {
  const { data } = home
  const passwordFile = join(folder, 'password')
  const known = await readFile(passwordFile, 'utf8').catch(() => undefined)
  const initialised = await stat(join(data, 'PG_VERSION')).catch(() => undefined)
  if (known && initialised) return known
  if (initialised && data.startsWith(folder)) {
    throw unavailable(`The password of the embedded PostgreSQL is missing: put ${passwordFile} back.`)
  }
  if (initialised) {
    // Data outside of the data folder outlive it when somebody deletes that; nobody holds their password any more.
    log.warn({ data }, 'the data folder of this PostgreSQL was removed: starting with an empty one')
    await stopServer(data)
    await rm(data, { recursive: true })
  }

  return create(home, passwordFile)
}

async function create({ data, user, binaries }: ClusterHome, passwordFile: string): Promise<string> {
  const password = randomBytes(24).toString('base64url')
  const partial = `${data}.partial`
  const secret = join(dirname(data), 'initdb-password')
  await rm(partial, { recursive: true, force: true })
  await rm(secret, { force: true })
  await mkdir(partial, { mode: 0o700 })
  await writeFile(secret, password, { mode: 0o600, flag: 'wx' })
  if (user.uid !== undefined) for (const path of [partial, secret]) await chown(path, user.uid, user.gid!)
  const options = ['-E', 'UTF8', '--locale=C', '-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${secret}`]
  await promisify(execFile)(binaries.initdb, ['-D', partial, ...options], { ...user, cwd: '/', env: { LC_ALL: 'C' } })
  await rm(secret)
  await writeFile(passwordFile, password, { mode: 0o600 })
  await rename(partial, data)
  return password
}
