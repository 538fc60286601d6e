import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { isDeepStrictEqual } from 'node:util'
import type { Env } from '../env.ts'
import { invalidInput } from '../errors.ts'
import type { Log } from '../log.ts'

/** Between two looks at the files, in ms: who renews certificates writes new ones well before the old ones end. */
const lookEvery = 10_000

/** As PEM. */
export interface Credentials {
  readonly cert: string
  readonly key: string
  /** The authority that signs the certificates of all processes of a forge. */
  readonly ca: string
}

/** What a process shows to the others, and knows them by. */
export interface PeerTls extends Disposable {
  /** As the files are now. */
  readonly credentials: Credentials
  onRenewal(renewed: () => void): void
}

const variables = { cert: 'FORGE_TLS_CERT', key: 'FORGE_TLS_KEY', ca: 'FORGE_TLS_CA' } as const

/**
 * The certificate of this process, from the files that the environment names; undefined where it names none, and the
 * processes of the forge trust their network. Throws INVALID_INPUT for files that cannot serve.
 */
export function openPeerTls(
  env: Pick<Env, 'FORGE_TLS_CERT' | 'FORGE_TLS_KEY' | 'FORGE_TLS_CA'>,
  log: Log,
  every = lookEvery,
): PeerTls | undefined {
  const { FORGE_TLS_CERT: cert, FORGE_TLS_KEY: key, FORGE_TLS_CA: ca } = env
  if (!cert && !key && !ca) return
  if (!cert || !key || !ca)
    throw invalidInput(`${Object.values(variables).join(', ')} belong together: set all three, or none.`)

  const paths = { cert, key, ca }
  let credentials = readCredentials(paths)
  const listeners = new Set<() => void>()
  const look = () => {
    try {
      const found = readCredentials(paths)
      if (isDeepStrictEqual(found, credentials)) return
      credentials = found
    } catch (error) {
      // Certificate and key are two files: between the two writes they do not fit each other.
      return log.warn({ err: error }, 'the renewed certificate cannot be used')
    }
    for (const renewed of listeners) renewed()
    log.info('a renewed certificate is used')
  }
  for (const path of Object.values(paths)) watchFile(path, { interval: every, persistent: false }, look)
  return {
    get credentials() {
      return credentials
    },
    onRenewal: renewed => void listeners.add(renewed),
    [Symbol.dispose]() {
      for (const path of Object.values(paths)) unwatchFile(path, look)
    },
  }
}

function readCredentials(paths: Credentials): Credentials {
  const [cert, key, ca] = (['cert', 'key', 'ca'] as const).map(name => {
    try {
      return readFileSync(paths[name], 'utf8')
    } catch (error) {
      throw invalidInput(`${variables[name]} names ${paths[name]}, which cannot be read: ${(error as Error).message}.`)
    }
  }) as [string, string, string]
  try {
    // An empty text, as of a file that is just being written, would pass for none at all.
    if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) throw new Error('they do not fit each other')
    createSecureContext({ cert, key, ca: new X509Certificate(ca).toString() })
  } catch (error) {
    throw invalidInput(
      `The files of ${Object.values(variables).join(', ')} are no certificate with its key and authority as PEM: ${(error as Error).message}.`,
    )
  }
  return { cert, key, ca }
}
