import type { Pool } from 'undici'
import type { Client } from '../http/client.ts'

export interface Message {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface Reply {
  readonly status: number
  readonly body: string
}

/**
 * Posts a message and reads the whole reply. On undici's callbacks: its `request` makes a stream and listens to a
 * signal, which cost more than the exchange. Rejects with undici's and the system's errors, or an AbortError.
 */
export function exchange(pool: Pool, message: Message, client: Client | undefined): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let status = 0
    let leave = () => {}
    pool.dispatch(
      { ...message, method: 'POST' },
      {
        onRequestStart(controller) {
          if (client?.hasLeft) controller.abort(gone())
          else if (client) leave = client.onLeave(() => controller.abort(gone()))
        },
        onResponseStart(_controller, statusCode) {
          status = statusCode
        },
        onResponseData(_controller, chunk) {
          chunks.push(chunk)
        },
        onResponseEnd() {
          leave()
          const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
          resolve({ status, body: body.toString() })
        },
        onResponseError(_controller, error) {
          leave()
          reject(error)
        },
      },
    )
  })
}

const gone = () => new DOMException('The client has left', 'AbortError')
