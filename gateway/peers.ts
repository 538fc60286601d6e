import type { Log } from '../kernel/log.ts'
import { close, listen, reportHealth, type Serving } from '../kernel/serve.ts'
import type { PeerTls } from '../kernel/tls/credentials.ts'
import { createPeerServer } from '../kernel/tls/server.ts'

interface PeerParts {
  readonly tls: PeerTls
  readonly host: string
  readonly port: number
  /** The public keys that identities are signed with. */
  readonly jwks: object
  health(): Promise<void>
  readonly log: Log
}

/**
 * What services ask the gateway, over mutual TLS and on a port of its own: clients of the public one have no certificates.
 */
export async function servePeers({ tls, host, port, jwks, health, log }: PeerParts): Promise<Serving> {
  const server = createPeerServer(tls, (request, response) => {
    if (request.url === '/health') return void reportHealth(health, response)
    const isKeys = request.method === 'GET' && request.url === '/.well-known/jwks.json'
    response.writeHead(isKeys ? 200 : 404, { 'content-type': 'application/json', 'cache-control': 'max-age=60' })
    response.end(JSON.stringify(isKeys ? jwks : {}))
  })
  const url = await listen(server, host, port)
  log.info({ url }, 'gateway serves the keys to other processes')
  return { url, [Symbol.asyncDispose]: () => close(server) }
}
