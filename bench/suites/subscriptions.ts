import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { composeSupergraph } from '../../schema/compose.ts'
import { benchmarkOf } from '../benchmark.ts'
import { cpuMilliseconds, healthy, residentMegabytes, run } from '../gateway/process.ts'
import type { Assignment, Receipt } from '../subscriptions/clients.ts'
import { keys, sdl } from '../subscriptions/graph.ts'
import type { Publication } from '../subscriptions/subgraphs.ts'

const port = 4120
const gatewayUrl = `http://127.0.0.1:${port}`
const clientProcesses = 2
/** Events before the measured ones, while the code warms up and every client meets the shared feed, in s. */
const warmUp = 15
/** An event that has not come when nothing has come for this long is lost, in ms. */
const silence = 10_000

interface Scenario {
  readonly name: string
  readonly clients: number
  readonly jobs: number
  /** Of each job. */
  readonly eventsPerSecond: number
  readonly seconds: number
}

const scenarios: readonly Scenario[] = [
  { name: '5,000 clients, 50 jobs, 1 event/s', clients: 5_000, jobs: 50, eventsPerSecond: 1, seconds: 30 },
  { name: '500 clients, 10 jobs, 10 events/s', clients: 500, jobs: 10, eventsPerSecond: 10, seconds: 30 },
]

export const benchmark = benchmarkOf({
  about:
    'Clients with raw WebSockets in processes of their own, of 20 identities with 4 different rights, on one gateway process with identity, limits and joins as in production. The subgraphs are canned ones of the forge’s own server, so that the gateway is what is measured.',
  options: {},
  async measure() {
    const results = []
    for (const scenario of scenarios) results.push(await measure(scenario))
    const [many, fast] = results
    return {
      samples: results.reduce((sum, { events }) => sum + events, 0),
      results,
      goals: [
        { name: 'clients that were dropped', goal: 0, value: many!.dropped + fast!.dropped, unit: '', atMost: true },
        { name: 'events that were lost', goal: 0, value: many!.lost + fast!.lost, unit: '', atMost: true },
        { name: 'events that came twice', goal: 0, value: many!.repeated + fast!.repeated, unit: '', atMost: true },
        { name: `p99, ${fast!.name}`, goal: 100, value: fast!.p99, unit: 'ms', atMost: true },
      ],
    }
  },
})

async function measure(scenario: Scenario) {
  const { name, clients, jobs, eventsPerSecond, seconds } = scenario
  const data = mkdtempSync(join(tmpdir(), 'forge-subscriptions-'))
  await using parts = new AsyncDisposableStack()
  parts.defer(() => rmSync(data, { recursive: true, force: true }))
  const start = (file: string, args: readonly string[] = []): ChildProcess => {
    const child = fork(join(import.meta.dirname, '../subscriptions', file), args, { env: production })
    parts.defer(() => void child.kill())
    return child
  }

  const subgraphs = start('subgraphs.ts', [gatewayUrl])
  const [urls] = (await once(subgraphs, 'message')) as [Record<'realtime' | 'training' | 'orchestration', string>]
  const endpoint = (service: 'realtime' | 'training') => `${urls[service]}/graphql`
  const supergraph = join(data, 'supergraph.graphql')
  const composed = composeSupergraph(sdl, { realtime: endpoint('realtime'), training: endpoint('training') })
  writeFileSync(supergraph, composed.supergraph)
  const gateway = parts.use(
    run([join(import.meta.dirname, '../../gateway/main.ts'), '--supergraph', supergraph, '--port', String(port)], {
      env: {
        FORGE_LOG: 'error',
        FORGE_DATA: data,
        ORCHESTRATION_URL: `${urls.orchestration}/graphql`,
        REALTIME_URL: endpoint('realtime'),
        TRAINING_URL: endpoint('training'),
      },
    }),
  )
  await healthy(gatewayUrl, gateway)

  const groups = Array.from({ length: clientProcesses }, () => start('clients.ts'))
  await Promise.all(groups.map(group => once(group, 'message')))
  const emptyMegabytes = residentMegabytes(gateway.pid)
  const assigned = Array.from({ length: clients }, (_, i) => ({
    job: `job_${i % jobs}`,
    key: keys[Math.floor(i / jobs) % keys.length]!,
  }))
  const connected = groups.map((group, i) => {
    const assignment: Assignment = {
      url: `${gatewayUrl.replace('http', 'ws')}/graphql`,
      clients: assigned.filter((_, client) => client % clientProcesses === i),
    }
    group.send(assignment)
    return once(group, 'message')
  })
  await Promise.all(connected)
  await pause(3_000)
  const idleMegabytes = residentMegabytes(gateway.pid)

  const publish = async (seconds: number) => {
    const ids = Array.from({ length: jobs }, (_, i) => `job_${i}`)
    subgraphs.send({ jobs: ids, eventsPerSecond, seconds } satisfies Publication)
    await once(subgraphs, 'message')
  }
  const collect = async (last: number): Promise<Receipt> => {
    const receipts = await Promise.all(groups.map(group => ask(group, last)))
    const sum = (count: (receipt: Receipt) => number) => receipts.reduce((all, receipt) => all + count(receipt), 0)
    return {
      latencies: receipts.flatMap(({ latencies }) => latencies),
      lost: sum(({ lost }) => lost),
      repeated: sum(({ repeated }) => repeated),
      inGaps: sum(({ inGaps }) => inGaps),
      dropped: sum(({ dropped }) => dropped),
    }
  }
  const settled = async (last: number): Promise<Receipt> => {
    const latencies: number[] = []
    let heardAt = performance.now()
    for (;;) {
      const receipt = await collect(last)
      for (const latency of receipt.latencies) latencies.push(latency)
      if (receipt.latencies.length > 0) heardAt = performance.now()
      if (receipt.lost === 0 || performance.now() - heardAt > silence) return { ...receipt, latencies }
      await pause(200)
    }
  }

  await publish(warmUp)
  await settled(warmUp * eventsPerSecond)
  const before = cpuMilliseconds(gateway.pid)
  const began = performance.now()
  await publish(seconds)
  const { latencies, lost, repeated, inGaps, dropped } = await settled((warmUp + seconds) * eventsPerSecond)
  const elapsed = performance.now() - began
  const cpu = cpuMilliseconds(gateway.pid) - before
  const sorted = Float64Array.from(latencies).sort()
  const at = (share: number) => round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0)
  return {
    name,
    events: sorted.length,
    eventsPerSecond: Math.round((sorted.length / elapsed) * 1000),
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    lost,
    repeated,
    inGaps,
    dropped,
    gatewayCpuMicrosecondsPerEvent: Math.round((cpu / sorted.length) * 1000),
    idleKilobytesPerConnection: Math.round(((idleMegabytes - emptyMegabytes) * 1000) / clients),
    residentMegabytes: residentMegabytes(gateway.pid),
  }
}

const production = { ...process.env, NODE_ENV: 'production' }

async function ask(group: ChildProcess, last: number): Promise<Receipt> {
  group.send({ last })
  return (await once(group, 'message'))[0] as Receipt
}

const round = (value: number): number => Math.round(value * 100) / 100
