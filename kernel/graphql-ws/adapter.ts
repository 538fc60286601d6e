import type { IncomingMessage } from 'node:http'
import { CloseCode, handleProtocols, type Server } from 'graphql-ws'
import type { WebSocket, WebSocketServer } from 'ws'
import type { Log } from '../log.ts'

export interface SocketExtra {
  readonly socket: WebSocket
  readonly request: IncomingMessage
}

/**
 * Lets the connections of `sockets` speak graphql-ws, as graphql-ws's own adapter does; but what goes wrong is told to our
 * log, and a client that breaks the protocol is told so instead of being told of an error of ours. `keepAlive` is the
 * interval of pings, and how long a client may take to answer one, in ms.
 */
export function connectSockets(
  server: Server<SocketExtra>,
  sockets: WebSocketServer,
  { keepAlive, log }: { readonly keepAlive: number; readonly log: Log },
): void {
  sockets.options.handleProtocols = handleProtocols
  sockets.on('connection', (socket, request) => {
    // `ws` closes the connection itself, with the code that fits: a frame too large or against the protocol, or a reset.
    socket.on('error', error => log.debug({ err: error }, 'a WebSocket connection broke'))
    const stopPings = keepPinging(socket, keepAlive)
    const closed = server.opened(
      {
        protocol: socket.protocol,
        send: data =>
          new Promise((resolve, reject) => {
            if (socket.readyState !== socket.OPEN) return resolve()
            socket.send(data, error => (error ? reject(error) : resolve()))
          }),
        close: (code, reason) => socket.close(code, reason),
        onMessage(take) {
          socket.on('message', data => {
            const message = String(data)
            take(message).catch(error => {
              if (socket.readyState !== socket.OPEN) return
              if (isOfClient(message)) log.error({ err: error }, 'a message of a WebSocket client failed')
              else return socket.close(CloseCode.BadRequest, 'This message is none that a client sends')
              socket.close(CloseCode.InternalServerError, 'Something failed inside the forge')
            })
          })
        },
      },
      { socket, request },
    )
    socket.once('close', (code, reason) => {
      stopPings()
      void closed(code, String(reason))
    })
  })
}

const clientTypes = new Set(['connection_init', 'ping', 'pong', 'subscribe', 'complete'])

/** Whether the message is of a type that clients send. */
function isOfClient(message: string): boolean {
  try {
    return clientTypes.has((JSON.parse(message) as { type?: string } | null)?.type ?? '')
  } catch {
    return false
  }
}

function keepPinging(socket: WebSocket, interval: number): () => void {
  let unanswered: NodeJS.Timeout | undefined
  socket.on('pong', () => clearTimeout(unanswered))
  const pings = setInterval(() => {
    if (socket.readyState !== socket.OPEN) return
    unanswered = setTimeout(() => socket.terminate(), interval)
    socket.ping()
  }, interval)
  return () => {
    clearInterval(pings)
    clearTimeout(unanswered)
  }
}
