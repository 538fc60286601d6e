import { type Goal, median } from '../benchmark.ts'
import { type MeasuredForge, startForge } from './forge.ts'
import { type Latencies, openLoop } from './load.ts'
import { cpuMilliseconds, familyMilliseconds } from './process.ts'

const requestsPerSecond = 1_000
const connections = 50
/** Of the load before the first round, and of each round, in ms. */
const warmUp = 15_000
const duration = 15_000
/** Jobs that are asked for in turn. */
const jobs = 100

const start = `mutation ($input: StartCognateInput!) { startCognate(input: $input) { id } }`
const cancel = `mutation ($id: ID!) { cancelJob(id: $id) { id } }`
const oneJob = `query Job($id: ID!) { job(id: $id) { id modelName status phase step progress createdAt finishedAt } }`

interface Sample {
  readonly latencies: Latencies
  /** CPU milliseconds of each process, and spans. */
  readonly spent: Readonly<Record<string, number>>
}

/**
 * A steady 1,000 requests a second for one of many jobs, through the gateway to training and its database, with identity,
 * limits and tracing as in production. The load, all services, PostgreSQL and the collector share the machine's cores.
 */
export async function measureOpenLoop(rounds: number) {
  await using forge = await startForge()
  const load = { url: forge.url, headers: forge.headers, bodies: await bodiesOf(forge) }
  process.stderr.write('open loop: warming up\n')
  await openLoop(load, requestsPerSecond, connections, AbortSignal.timeout(warmUp))

  const samples: Sample[] = []
  for (let round = 0; round < rounds; round += 1) {
    process.stderr.write(`open loop: round ${round + 1}/${rounds}\n`)
    const before = { ...cpuOf(forge), spans: await forge.spans() }
    const latencies = await openLoop(load, requestsPerSecond, connections, AbortSignal.timeout(duration))
    if (latencies.failures) throw new Error(`${latencies.failures} requests of the open loop failed`)
    samples.push({ latencies, spent: differences(before, { ...cpuOf(forge), spans: await forge.spans() }) })
  }

  const requests = (requestsPerSecond * duration) / 1_000
  const latency = (key: keyof Latencies) => hundredths(median(samples.map(({ latencies }) => latencies[key])))
  const perRequest = (name: string) => hundredths(median(samples.map(({ spent }) => spent[name]! / requests)))
  const p95 = latency('p95')
  return {
    results: [
      {
        query: 'one job of the forge, open loop',
        requestsPerSecond: Math.round(latency('requestsPerSecond')),
        p50: latency('p50'),
        p95,
        p99: latency('p99'),
        spansPerRequest: perRequest('spans'),
      },
      ...[...Object.keys(forge.pids), 'load'].map(name => ({ process: name, cpuMilliseconds: perRequest(name) })),
    ],
    goals: [
      { name: '1,000 requests/s through the forge, p95', goal: 50, value: p95, unit: 'ms', atMost: true },
    ] satisfies Goal[],
  }
}

/** Jobs that wait and were cancelled before there was anybody to run them. */
async function bodiesOf(forge: MeasuredForge): Promise<readonly string[]> {
  const bodies: string[] = []
  for (let n = 0; n < jobs; n += 1) {
    const { startCognate } = await ask(forge, start, { input: { modelName: `model-${n}`, preset: 'NANO' } })
    await ask(forge, cancel, startCognate!)
    bodies.push(JSON.stringify({ query: oneJob, variables: startCognate }))
  }
  await forge.startWorker()
  return bodies
}

async function ask({ url, headers }: MeasuredForge, query: string, variables: object) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query, variables }),
  })
  const { data, errors } = (await response.json()) as {
    data?: { readonly startCognate?: { readonly id: string } }
    errors?: readonly { readonly message: string }[]
  }
  if (errors || !data) throw new Error(errors?.map(({ message }) => message).join('; '))
  return data
}

/** Milliseconds that each process has used so far. PostgreSQL has one for each connection. */
function cpuOf({ pids }: MeasuredForge): Record<string, number> {
  const { user, system } = process.cpuUsage()
  const used = Object.entries(pids).map(([name, pid]) => [
    name,
    name === 'postgres' ? familyMilliseconds(pid) : cpuMilliseconds(pid),
  ])
  return { ...Object.fromEntries(used), load: (user + system) / 1_000 }
}

const differences = (before: Readonly<Record<string, number>>, after: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value - before[name]!]))

const hundredths = (value: number): number => Math.round(value * 100) / 100
