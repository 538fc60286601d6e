import { Agent, buildConnector, fetch as fetchOver } from 'undici'
import { invalidInput } from '../errors.ts'
import type { PeerTls } from './credentials.ts'

/** Time to establish a connection, in ms. */
const connectTimeout = 3_000

/** For undici's `connect`: connections that show this process's certificate, the renewed one from its renewal on. */
export function peerConnector(tls: PeerTls | undefined): buildConnector.connector {
  const build = () => buildConnector({ ...tls?.credentials, timeout: connectTimeout })
  let connect = build()
  tls?.onRenewal(() => {
    connect = build()
  })
  return (options, callback) => connect(options, callback)
}

/** `fetch` for questions to other processes of the forge. */
export function peerFetch(tls: PeerTls | undefined): typeof fetch {
  if (!tls) return fetch
  const dispatcher = new Agent({ connect: peerConnector(tls) })
  return ((url: string, options: object) => fetchOver(url, { ...options, dispatcher })) as never
}

/** With certificates no link may be left in the clear. Throws INVALID_INPUT for one that is; `place` says who named it. */
export function checkPeerUrl(tls: PeerTls | undefined, url: string, place: string): void {
  if (!tls || new URL(url).protocol === 'https:') return
  throw invalidInput(
    `${place} is ${url}, but FORGE_TLS_CERT asks for certificates on every link: begin it with https://.`,
  )
}
