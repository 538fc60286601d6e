import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { TLSSocket } from 'node:tls'
import type { PeerTls } from './credentials.ts'

/** What may be asked without a certificate: probes have none, and the metrics ask for a token of their own. */
const open: readonly unknown[] = ['/health', '/metrics']

/**
 * The HTTP server of a process that only the forge's own processes talk to. With `tls` it asks everybody for a certificate
 * of their authority, and answers 403 to who shows none, except for the paths above.
 */
export function createPeerServer(tls: PeerTls | undefined, answer: RequestListener): Server {
  if (!tls) return createServer(answer)
  // Who shows no certificate is refused by us, not by the handshake, so that /health can be asked.
  const options = () =>
    ({ ...tls.credentials, requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.3' }) as const
  const server = createTlsServer(options(), (request, response) => {
    if (open.includes(request.url) || isPeer(request)) return answer(request, response)
    response.writeHead(403, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' })
    response.end('This process talks only to those that show a certificate of the forge (FORGE_TLS_CERT).\n')
  })
  tls.onRenewal(() => server.setSecureContext(options()))
  return server
}

/** Whether another process of the forge asks, as far as this one can know: without TLS the network is trusted. */
export const isPeer = ({ socket }: IncomingMessage): boolean => !(socket instanceof TLSSocket) || socket.authorized
