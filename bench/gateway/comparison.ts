import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { isDeepStrictEqual } from 'node:util'
import { composeSupergraph } from '../../schema/compose.ts'
import { type Goal, median } from '../benchmark.ts'
import { type Contender, installRivals } from './contenders.ts'
import { type Query, queries, sdl } from './graph.ts'
import { closedLoop, type Latencies } from './load.ts'
import { answering, cpuMilliseconds, type Running, residentMegabytes, run } from './process.ts'

const connections = 50
/** Rounds before the first that is measured: a compiler that is still at work is not what is compared. */
const warmUps = 3

interface Sample extends Latencies {
  readonly cpu: number
}

/**
 * The same queries over the same canned subgraphs through each gateway, in rounds that take turns, so that what else
 * the machine does falls on all of them.
 */
export async function compareGateways(chosen: readonly Contender[], rounds: number) {
  if (chosen.some(({ name }) => name !== 'ours')) installRivals()

  const data = mkdtempSync(join(tmpdir(), 'forge-gateway-'))
  await using parts = new AsyncDisposableStack()
  parts.defer(() => rmSync(data, { recursive: true, force: true }))
  const subgraphs = parts.use(run([join(import.meta.dirname, 'subgraphs.ts')], { output: 'pipe' }))
  const urls = JSON.parse(await firstLine(subgraphs)) as Record<string, string>
  const supergraph = join(data, 'supergraph.graphql')
  writeFileSync(supergraph, composeSupergraph(sdl, urls).supergraph)

  const gateways: { contender: Contender; running: Running; samples: Map<Query, Sample[]> }[] = []
  for (const contender of chosen) {
    const running = parts.use(contender.start(supergraph, data))
    await answering(contender.url, {}, running)
    gateways.push({ contender, running, samples: new Map(queries.map(query => [query, []])) })
  }
  for (const query of queries) {
    process.stderr.write(`warming up: ${query.name}\n`)
    await compareAnswers(query, chosen)
    for (const { contender } of gateways)
      await closedLoop(loadOf(query, contender), warmUps * query.requests, connections)
  }

  for (let round = 0; round < rounds; round += 1) {
    for (const query of queries) {
      for (const { contender, running, samples } of gateways) {
        process.stderr.write(`round ${round + 1}/${rounds}: ${query.name}, ${contender.name}\n`)
        const before = cpuMilliseconds(running.pid)
        const latencies = await closedLoop(loadOf(query, contender), query.requests, connections)
        if (latencies.failures) throw new Error(`${contender.name} failed ${latencies.failures} of "${query.name}"`)
        samples.get(query)!.push({ ...latencies, cpu: (cpuMilliseconds(running.pid) - before) / query.requests })
      }
    }
  }

  const rows = queries.flatMap(query =>
    gateways.map(({ contender, running, samples }) => {
      const of = (key: keyof Sample) => round(median(samples.get(query)!.map(sample => sample[key])))
      return {
        query: query.name,
        gateway: contender.name,
        version: contender.version,
        cpuMilliseconds: of('cpu'),
        requestsPerSecond: of('requestsPerSecond'),
        p50: of('p50'),
        p95: of('p95'),
        p99: of('p99'),
        residentMegabytes: residentMegabytes(running.pid),
      }
    }),
  )
  return { results: rows, goals: goalsOf(rows) }
}

type Row = { readonly query: string; readonly gateway: string; readonly cpuMilliseconds: number }

const limits = [
  { rival: 'apollo', share: 0.33 },
  { rival: 'hive', share: 0.8 },
  { rival: 'hive with router runtime', share: 0.8 },
]

/** Goals of the gateways that were measured beside ours. */
function goalsOf(rows: readonly Row[]): Goal[] {
  return queries.flatMap(({ name: query }) =>
    limits.flatMap(({ rival, share }) => {
      const cpuOf = (gateway: string) =>
        rows.find(row => row.query === query && row.gateway === gateway)?.cpuMilliseconds
      const [ours, theirs] = [cpuOf('ours'), cpuOf(rival)]
      if (ours === undefined || theirs === undefined) return []
      return [
        { name: `${query}: CPU of ${rival}`, goal: share, value: round(ours / theirs), unit: 'of it', atMost: true },
      ]
    }),
  )
}

/** Every gateway answers every variable the same, or their numbers are not about the same work. */
async function compareAnswers(query: Query, chosen: readonly Contender[]): Promise<void> {
  for (const offset of [0, 7, query.offsets - 1]) {
    const answers = await Promise.all(chosen.map(({ url }) => ask(url, bodyOf(query, offset))))
    const different = answers.findIndex(answer => !isDeepStrictEqual(answer, answers[0]))
    if (different > 0)
      throw new Error(`${chosen[different]!.name} and ${chosen[0]!.name} answer "${query.name}" differently`)
  }
}

async function ask(url: string, body: string): Promise<unknown> {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  const { data, errors } = (await response.json()) as { data: unknown; errors?: unknown }
  if (errors || !data) throw new Error(`${url} answers ${JSON.stringify(errors)}`)
  return data
}

const bodyOf = ({ query }: Query, offset: number): string => JSON.stringify({ query, variables: { offset } })

const loadOf = (query: Query, { url }: Contender) => ({
  url,
  bodies: Array.from({ length: query.offsets }, (_, offset) => bodyOf(query, offset)),
})

async function firstLine({ child }: Running): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) return line
  throw new Error('The subgraphs did not start')
}

const round = (value: number): number => Math.round(value * 1000) / 1000
