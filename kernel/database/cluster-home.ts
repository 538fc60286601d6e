import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, lstat, mkdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { unavailable } from '../errors.ts'
import type { Binaries } from './binaries.ts'
import { copyBinaries, installedBinaries, prepareBinaries } from './binaries.ts'

/** Whom PostgreSQL runs as; nothing when it runs as we do. */
interface ServerUser {
  readonly uid?: number
  readonly gid?: number
}

/** Where one embedded cluster lives, and what runs it. */
export interface ClusterHome {
  readonly user: ServerUser
  readonly binaries: Binaries
  /** PostgreSQL's data directory; its existence means that initdb has finished. */
  readonly data: string
}

/** PostgreSQL refuses to run as root, so there it runs as `nobody`. */
async function serverUser(): Promise<ServerUser> {
  if (process.getuid?.() !== 0) return {}
  const id = async (flag: string) => Number((await promisify(execFile)('id', [flag, 'nobody'])).stdout)
  try {
    return { uid: await id('-u'), gid: await id('-g') }
  } catch (cause) {
    throw unavailable(
      'PostgreSQL does not run as root and this machine has no user "nobody": start the forge as another user.',
      cause,
    )
  }
}

/**
 * Binaries and data are used where they are, in the package and in `$FORGE_DATA/postgres`. A path that `nobody` cannot
 * enter (root's home is usually such) is replaced by `/var/tmp/agent-forge-<hash of the data folder's path>`.
 */
export async function clusterHome(folder: string): Promise<ClusterHome> {
  const user = await serverUser()
  const elsewhere = join('/var/tmp', `agent-forge-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`)
  const installed = await installedBinaries()

  const binariesOpen = await isOpenTo(user, join(installed.folder, 'native', 'bin', 'postgres'))
  const dataOpen = await isOpenTo(user, folder)
  const moved = !dataOpen || (await exists(join(elsewhere, 'data')))
  if (moved || !binariesOpen) await claim(elsewhere, user)

  const binaries = await prepareBinaries(binariesOpen ? installed.folder : await copyBinaries(installed, elsewhere))
  const kept = await exists(join(folder, 'data'))
  return { user, binaries, data: join(moved && !kept ? elsewhere : folder, 'data') }
}

/** Whether `user` may enter the folder, or run the program, at `path`, and pass every folder on the way. */
async function isOpenTo({ uid, gid }: ServerUser, path: string): Promise<boolean> {
  if (uid === undefined) return true
  for (let at = path; ; at = dirname(at)) {
    const found = await stat(at)
    const shift = found.uid === uid ? 6 : found.gid === gid ? 3 : 0
    if (((found.mode >> shift) & 1) === 0) return false
    if (at === dirname(at)) return true
  }
}

/** Makes the folder ours. /var/tmp is everybody's: a folder that somebody else put there under this name is refused. */
async function claim(path: string, { uid }: ServerUser): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o711 })
  const found = await lstat(path)
  if (!found.isDirectory() || ![process.getuid?.(), uid].includes(found.uid)) {
    throw unavailable(`${path} belongs to another user: remove it, or set FORGE_DATA to a folder "nobody" can enter.`)
  }
  await chmod(path, 0o711)
}

const exists = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined)) !== undefined
