import { once } from 'node:events'
import { WebSocket } from 'ws'
import { now } from './graph.ts'

/** Clients that one process holds: each on a connection of its own, with one subscription. */
export interface Assignment {
  readonly url: string
  readonly clients: readonly { readonly key: string; readonly job: string }[]
}

export interface Receipt {
  /** Milliseconds from publishing to receipt. */
  readonly latencies: readonly number[]
  /** Events that neither came nor were in a gap, up to the last step that each client should have. */
  readonly lost: number
  readonly repeated: number
  readonly inGaps: number
  /** Connections that closed. */
  readonly dropped: number
}

/** Clients that are connecting at the same time. */
const connectingAtOnce = 50

const query = `subscription Progress($job: ID!) {
  trainingProgress(jobId: $job) { cursor gap { missed } step sentAt job { id modelName status } }
}`

interface Message {
  readonly type: string
  readonly payload: {
    readonly data: { readonly trainingProgress: { step: number; sentAt: number; gap: { missed: number } | null } }
  }
}

const latencies: number[] = []
const steps: number[] = []
let lost = 0
let repeated = 0
let inGaps = 0
let dropped = 0

function receive(client: number, { step, sentAt, gap }: Message['payload']['data']['trainingProgress']): void {
  const expected = steps[client]! + 1
  const missed = gap?.missed ?? 0
  latencies.push(now() - sentAt)
  inGaps += missed
  if (step < expected) repeated += 1
  else lost += step - expected - missed
  steps[client] = Math.max(step, steps[client]!)
}

async function connect(url: string, client: number, { key, job }: Assignment['clients'][number]): Promise<void> {
  const socket = new WebSocket(url, 'graphql-transport-ws', { perMessageDeflate: false })
  const acknowledged = Promise.withResolvers<void>()
  steps[client] = 0
  socket.on('close', () => {
    dropped += 1
    acknowledged.reject(new Error('The gateway closed a connection'))
  })
  socket.on('message', data => {
    const message = JSON.parse(String(data)) as Message
    if (message.type === 'next') {
      if (!message.payload.data?.trainingProgress?.step) throw new Error(`An event without data: ${data}`)
      receive(client, message.payload.data.trainingProgress)
    } else if (message.type === 'connection_ack') acknowledged.resolve()
    else if (message.type !== 'ping') throw new Error(`Not expected: ${data}`)
  })
  await once(socket, 'open')
  socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${key}` } }))
  await acknowledged.promise
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query, variables: { job } } }))
}

async function connectAll({ url, clients }: Assignment): Promise<void> {
  for (let first = 0; first < clients.length; first += connectingAtOnce) {
    const group = clients.slice(first, first + connectingAtOnce)
    await Promise.all(group.map((client, i) => connect(url, first + i, client)))
  }
}

/** What has come until now. `last` is the step that each client should have by now. */
function report(last: number): Receipt {
  const missing = steps.reduce((sum, step) => sum + last - step, 0)
  return { latencies: latencies.splice(0), lost: lost + missing, repeated, inGaps, dropped }
}

process.on('message', async (message: Assignment | { readonly last: number }) => {
  if ('last' in message) process.send!(report(message.last))
  else {
    await connectAll(message)
    process.send!('connected')
  }
})
process.send!('ready')
