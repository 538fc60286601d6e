import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Identity, roles } from '../../../kernel/auth/identity.ts'
import { newSigningKey, openSigner } from '../../../kernel/auth/tokens.ts'
import type { Bus, BusEvent } from '../../../kernel/bus/bus.ts'
import { openBus } from '../../../kernel/bus/open.ts'
import { type Env, readEnv } from '../../../kernel/env.ts'
import { close, listen } from '../../../kernel/serve.ts'
import { retention } from '../../../schema/events.ts'
import { startTraining } from '../../../subgraphs/training/main.ts'
import { startWorker } from '../../../subgraphs/training/worker/main.ts'
import { until } from '../../support/condition.ts'
import { scratchDatabase, scratchRedis } from '../../support/scratch.ts'
import { silentLog } from '../../support/silent-log.ts'

/** 30 thousand parameters: a step takes a few milliseconds. */
export const tiny = {
  sizes: { vocabulary: 320, width: 32, layers: 1, heads: 1, keyValueHeads: 1, feedForward: 64 },
  context: 32,
  batch: 4,
  validationEvery: 20,
  checkpointEvery: 10,
}

export const trainer: Identity = { principal: 'key_1', name: 'tester', project: 'default', scopes: roles.trainer }

export interface Answer {
  // biome-ignore lint/suspicious/noExplicitAny: each test knows the shape of what it asked for
  readonly data: any
  readonly errors?: readonly { readonly message: string; readonly extensions: { readonly code: string } }[]
}

/** Training and one worker, on a real database, event log and queue. */
export async function runningTraining({
  withWorker = true,
  on = 'PostgreSQL' as 'PostgreSQL' | 'Redis',
  more = {} as Readonly<Record<string, string>>,
} = {}) {
  await using opening = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'forge-training-'))
  opening.defer(() => rm(folder, { recursive: true, force: true }))
  const signer = await openSigner(await newSigningKey())
  const gateway = createServer((_, response) => response.end(JSON.stringify(signer.jwks)))
  opening.defer(() => close(gateway))
  const source = {
    PORT: '0',
    FORGE_DATA: folder,
    FORGE_EXECUTOR: 'onnx',
    FORGE_THREADS: '1',
    FORGE_SLOTS: '2',
    FORGE_LOG: 'warn',
    // Tests have deadlines, and run beside others: what gives way to everything might not come to a step.
    FORGE_TRAINING_PRIORITY: 'normal',
    GATEWAY_URL: await listen(gateway, '127.0.0.1', 0),
    TRAINING_DATABASE_URL: opening.use(await scratchDatabase()).url,
    BUS_URL: opening.use(await (on === 'Redis' ? scratchRedis() : scratchDatabase())).url,
    ...more,
  }
  const env: Env = readEnv(source)
  const bus: Bus = opening.use(await openBus(env, retention, silentLog))
  let training = await startTraining(env, silentLog)
  opening.defer(() => training[Symbol.asyncDispose]())
  if (withWorker) opening.use(await startWorker(env, silentLog))

  const ask = async (query: string, variables: object = {}, identity = trainer): Promise<Answer> => {
    const response = await fetch(`${training.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${await signer.sign(identity, 'training')}`,
      },
      body: JSON.stringify({ query, variables }),
    })
    return (await response.json()) as Answer
  }
  const startCognate = async (input: object): Promise<string> => {
    const answer = await ask('mutation ($input: StartCognateInput!) { startCognate(input: $input) { id } }', { input })
    if (answer.errors) throw new Error(answer.errors[0]!.message)
    return answer.data.startCognate.id
  }
  const job = async (id: string) => {
    const { data } = await ask(
      `query ($id: ID!) { job(id: $id) { status step progress attempts executor error { code message }
         checkpoints { step digest sizeBytes } metrics(maxPoints: 5000) { name points { step value } } latest { name value } } }`,
      { id },
    )
    return data.job
  }
  const events = async (topics: readonly string[], key: string): Promise<readonly BusEvent[]> =>
    bus.read({ topics, key, limit: 5_000 })
  const pointsOf = async (id: string, name: string): Promise<[number, number][]> => {
    const progress = (await events(['job.progressed'], id)) as readonly { data: { points: Point[] } }[]
    return progress.flatMap(({ data }) =>
      data.points.filter(point => point.name === name).map(({ step, value }): [number, number] => [step, value]),
    )
  }

  const open = opening.move()
  return {
    source,
    env,
    url: () => training.url,
    /** What the gateway would send to training for somebody; good for a minute. */
    tokenOf: (identity = trainer) => signer.sign(identity, 'training'),
    async restartTraining() {
      await training[Symbol.asyncDispose]()
      training = await startTraining(env, silentLog)
    },
    bus,
    ask,
    startCognate,
    job,
    events,
    /** Ends the service, and starts it again on the same databases. */
    async restart() {
      await training[Symbol.asyncDispose]()
      training = await startTraining(env, silentLog)
    },
    lossesOf: (id: string) => pointsOf(id, 'loss'),
    pointsOf,
    reaches: (id: string, status: string, seconds = 40) =>
      until(`job ${id} is ${status}`, async () => (await job(id)).status === status, seconds * 1000),
    stepsTo: (id: string, step: number, seconds = 40) =>
      until(`job ${id} reaches step ${step}`, async () => (await job(id)).step >= step, seconds * 1000),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

interface Point {
  readonly name: string
  readonly step: number
  readonly value: number
}

/** The training processes below a process, or others by their entry. Linux only. */
export async function trainingProcesses(parent: number, entry = 'trainer/main.ts'): Promise<readonly number[]> {
  const found: number[] = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const [stat, command] = await Promise.all(
      ['stat', 'cmdline'].map(file => readFile(`/proc/${name}/${file}`, 'utf8').catch(() => '')),
    )
    const ppid = Number(/\) \S (\d+) /.exec(stat!)?.[1])
    if (ppid === parent && command!.includes(entry)) found.push(Number(name))
  }
  return found
}
