import { Client } from 'pg'
import type { Log } from '../log.ts'
import { backoff, pause } from '../resilience/pause.ts'
import type { Bell } from './bell.ts'
import type { EventDraft } from './bus.ts'

/** PostgreSQL refuses a notification of 8,000 bytes or more. */
const payloadLimit = 7_900

/** An ephemeral event as notifications of one transaction, which PostgreSQL delivers together and in order. */
export function toPayloads(event: EventDraft): readonly string[] {
  const json = JSON.stringify(event)
  if (Buffer.byteLength(json) <= payloadLimit) return [json]
  const encoded = Buffer.from(json).toString('base64')
  const room = payloadLimit - 30
  const count = Math.ceil(encoded.length / room)
  return Array.from({ length: count }, (_, i) => `${i + 1}/${count} ${encoded.slice(i * room, (i + 1) * room)}`)
}

/** Puts payloads together again; a message whose beginning was missed is left out. */
function createAssembler(): (payload: string) => EventDraft | null {
  let parts: string[] = []
  return payload => {
    if (payload.startsWith('{')) return JSON.parse(payload)
    const [place = '', part = ''] = payload.split(' ')
    const [index, count] = place.split('/').map(Number)
    if (index === 1) parts = []
    if (index !== parts.length + 1) return null
    parts.push(part)
    if (index !== count) return null
    return JSON.parse(Buffer.from(parts.join(''), 'base64').toString('utf8'))
  }
}

/** Rings the bell for every notification. A lost connection is made again, and then rings once for what was missed. */
export async function openListener(url: string, bell: Bell, log: Log): Promise<AsyncDisposable> {
  const closing = new AbortController()
  let session = await listen(url, bell)

  const keepListening = async () => {
    let failures = 0
    while (!closing.signal.aborted) {
      await session.ended
      if (closing.signal.aborted) return
      log.warn('The connection that listens to the event log is lost; connecting again.')
      while (!closing.signal.aborted) {
        try {
          session = await listen(url, bell)
          failures = 0
          bell.ring()
          break
        } catch (error) {
          failures += 1
          log.warn({ err: error, failures }, 'The event log cannot be listened to; trying again.')
          await pause(backoff(failures), closing.signal)
        }
      }
    }
  }
  const listening = keepListening()

  return {
    async [Symbol.asyncDispose]() {
      closing.abort()
      await session.end()
      await listening
    },
  }
}

async function listen(url: string, bell: Bell) {
  const client = new Client({ connectionString: url, keepAlive: true, application_name: 'forge bus listener' })
  const assemble = createAssembler()
  const ended = new Promise<void>(resolve => {
    client.once('end', resolve)
    // Without a listener the process would end; `end` follows.
    client.on('error', () => resolve())
  })
  client.on('notification', ({ channel, payload = '' }) => {
    if (channel === 'bus_growth') return bell.ring(JSON.parse(payload))
    const event = assemble(payload)
    if (event) bell.hand(event)
  })
  try {
    await client.connect()
    await client.query('LISTEN bus_growth; LISTEN bus_ephemeral')
  } catch (error) {
    await client.end()
    throw error
  }
  return { ended, end: () => client.end() }
}
