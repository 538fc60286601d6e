import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import { buildSubgraphSchema } from '@apollo/subgraph'
import { type GraphQLSchema, parse } from 'graphql'
import { identityVerifier } from '../../kernel/auth/tokens.ts'
import { cancellable } from '../../kernel/cancellation.ts'
import { openLog } from '../../kernel/log.ts'
import { listen, serveGraph } from '../../kernel/serve.ts'
import { identityOf, keys, now, sdl } from './graph.ts'

/** What the benchmark tells this process to publish. */
export interface Publication {
  readonly jobs: readonly string[]
  /** Of each job. */
  readonly eventsPerSecond: number
  readonly seconds: number
}

interface Job {
  /** When each event was published; the number of an event is its step and its cursor. */
  readonly sentAt: number[]
  readonly wakes: Set<() => void>
}

const jobs = new Map<string, Job>()
const jobOf = (id: string): Job => {
  const job = jobs.get(id) ?? { sentAt: [], wakes: new Set() }
  jobs.set(id, job)
  return job
}

/** As realtime does: what was published after the cursor, or from the first event on, and then what comes. */
const follow = (_: unknown, { jobId, after }: { jobId: string; after?: string | null }) =>
  cancellable(async function* (signal) {
    const { sentAt, wakes } = jobOf(jobId)
    for (let step = Number(after ?? 0); !signal.aborted; ) {
      if (step < sentAt.length) {
        const event = { step: step + 1, cursor: String(step + 1), gap: null, sentAt: sentAt[step], job: { id: jobId } }
        step += 1
        yield { trainingProgress: event }
      } else await change(wakes, signal)
    }
  })

function change(wakes: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const wake = () => {
      wakes.delete(wake)
      signal.removeEventListener('abort', wake)
      resolve()
    }
    wakes.add(wake)
    signal.addEventListener('abort', wake)
  })
}

/** The events of all jobs evenly over the time, as so many workers would send them. */
function publish({ jobs: ids, eventsPerSecond, seconds }: Publication, done: () => void): void {
  const began = now()
  const total = ids.length * eventsPerSecond * seconds
  let sent = 0
  const timer = setInterval(() => {
    const due = Math.min(total, Math.floor(((now() - began) / 1000) * eventsPerSecond * ids.length))
    for (; sent < due; sent += 1) {
      const { sentAt, wakes } = jobOf(ids[sent % ids.length]!)
      sentAt.push(now())
      for (const wake of [...wakes]) wake()
    }
    if (sent < total) return
    clearInterval(timer)
    done()
  }, 2)
}

const resolvers = {
  realtime: { Subscription: { trainingProgress: { subscribe: follow } } },
  training: {
    TrainingJob: {
      __resolveReference: ({ id }: { id: string }) => ({ id, modelName: `model-of-${id}`, status: 'RUNNING' }),
    },
  },
}

const identities = createServer(async (request, response) => {
  if (request.url === '/health') return response.end('{}')
  const { key } = (await json(request)) as { key: string }
  response.writeHead(keys.includes(key) ? 200 : 401, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ identity: identityOf(key) }))
})

const urls: Record<string, string> = { orchestration: await listen(identities, '127.0.0.1', 0) }
for (const name of ['realtime', 'training'] as const) {
  const served = await serveGraph({
    name,
    schema: buildSubgraphSchema({ typeDefs: parse(sdl[name]), resolvers: resolvers[name] as never }) as GraphQLSchema,
    host: '127.0.0.1',
    port: 0,
    verify: identityVerifier(process.argv[2]!, name),
    log: openLog(name, 'error'),
    context: () => ({}),
    healthy: async () => {},
  })
  urls[name] = served.url
}
process.on('message', (publication: Publication) => publish(publication, () => process.send!('published')))
process.send!(urls)
