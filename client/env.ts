import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ForgeError } from './errors.ts'

export interface ClientEnv {
  /** Origin of the gateway. */
  readonly url: string
  readonly apiKey: string | undefined
  /** The project that commands work in where they name none. */
  readonly project: string | undefined
}

type Source = Readonly<Record<string, string | undefined>>

/**
 * FORGE_URL (default http://127.0.0.1:4000), FORGE_API_KEY (default the admin key in the data folder FORGE_DATA, default
 * `.forge`) and FORGE_PROJECT. The key of the data folder goes to no other machine.
 */
export function readClientEnv(source: Source = process.env, given: Partial<ClientEnv> = {}): ClientEnv {
  const url = (given.url ?? (source.FORGE_URL || 'http://127.0.0.1:4000')).replace(/\/+$/, '')
  if (!URL.canParse(url)) throw new ForgeError('INVALID_INPUT', `"${url}" is no URL: set FORGE_URL=http://HOST:PORT.`)
  const localKey = () => (isLoopback(url) ? readAdminKey(source.FORGE_DATA || '.forge') : undefined)
  return {
    url,
    apiKey: given.apiKey ?? (source.FORGE_API_KEY || localKey()),
    project: given.project ?? (source.FORGE_PROJECT || undefined),
  }
}

const isLoopback = (url: string): boolean => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(url).hostname)

function readAdminKey(dataFolder: string): string | undefined {
  const path = join(dataFolder, 'admin-key')
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new ForgeError(
      'UNAUTHENTICATED',
      `The admin key in ${path} can't be read: run as the owner of that file, or set FORGE_API_KEY.`,
      { cause: error },
    )
  }
}
