import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectForge } from '../../client/forge.ts'
import { readEnv } from '../../kernel/env.ts'
import { benchmarkOf } from '../benchmark.ts'
import { closedLoop } from '../gateway/load.ts'
import { answering, run } from '../gateway/process.ts'
import { writeLargeJob } from '../metrics/large-job.ts'

const port = 4130
const url = `http://127.0.0.1:${port}`
const reads = 50

/** What others say of themselves, in points written a second. */
const published = { 'MLflow on PostgreSQL, batches of 500': 8_400, 'W&B, its guidance': 1_667, Trackio: 2_300 }

/** The training whose points and log lines are followed: steps of a few milliseconds, for about a minute. */
const followed = {
  modelName: 'followed',
  sizes: { vocabulary: 512, width: 128, layers: 2, heads: 4, keyValueHeads: 4, feedForward: 384 },
  context: 64,
  batch: 8,
  validationEvery: 50,
  checkpointEvery: 200,
}

const read = (id: string) =>
  `{ job(id: "${id}") { metrics(names: ["loss"], maxPoints: 500) { name points { step value at } } } }`

export const benchmark = benchmarkOf({
  about:
    'Metrics of a job through a whole forge in one process: written, read back, and followed live while a model trains.',
  options: { points: 1_000_000, steps: 1_500 },
  async measure({ points, steps }) {
    const spikeAt = Math.floor(points * 0.654321)
    const data = mkdtempSync(join(tmpdir(), 'forge-bench-'))
    await using parts = new AsyncDisposableStack()
    parts.defer(() => rmSync(data, { recursive: true, force: true }))
    const given = { FORGE_DATA: data, PORT: String(port), FORGE_AUTH: 'off', FORGE_LOG: 'error' }
    const forge = parts.use(run([join(import.meta.dirname, '../../forge/main.ts')], { env: given }))
    await answering(`${url}/graphql`, {}, forge)

    process.stderr.write(`writing ${points} points\n`)
    const written = await writeLargeJob(readEnv(given), points, spikeAt)
    const load = { url: `${url}/graphql`, bodies: [JSON.stringify({ query: read(written.id) })] }
    await closedLoop(load, 5, 1)
    const { failures, p50, p95 } = await closedLoop(load, reads, 1)
    if (failures > 0) throw new Error(`${failures} of ${reads} reads failed`)
    const curve = await curveOf(written.id)
    if (!curve.some(({ step }) => step === spikeAt)) throw new Error('The spike of the curve was lost')

    process.stderr.write('following a training\n')
    const live = await follow(steps)
    const pointsPerSecond = Math.round(points / written.seconds)
    return {
      samples: live.points.length + live.lines.length,
      results: [
        { what: 'points written a second, batches of 500', value: pointsPerSecond },
        ...Object.entries(published).map(([what, value]) => ({ what: `published: ${what}`, value })),
        { what: `${points} points read as ${curve.length}, ms at the median`, value: rounded(p50) },
        ...(['points', 'lines'] as const).map(what => ({
          what: `${what} from the training process to a subscriber, ms at p50, p95, p99`,
          value: [0.5, 0.95, 0.99].map(share => rounded(quantile(live[what], share))).join(', '),
        })),
      ],
      goals: [
        { name: `${points} points read, p95`, goal: 100, value: rounded(p95), unit: 'ms', atMost: true },
        { name: 'points written a second', goal: 8_400, value: pointsPerSecond, unit: 'points/s', atMost: false },
        ...(['points', 'lines'] as const).map(what => ({
          name: `${what} to a subscriber, p99`,
          goal: 100,
          value: rounded(quantile(live[what], 0.99)),
          unit: 'ms',
          atMost: true,
        })),
      ],
    }
  },
})

async function curveOf(id: string) {
  await using forge = connectForge({ url })
  return (await forge.job(id, { names: ['loss'], maxPoints: 500 })).metrics[0]!.points
}

/** From when a point was measured, or a line written, to when a subscriber has it; in ms. One clock tells both. */
async function follow(steps: number) {
  await using forge = connectForge({ url })
  const { id } = await forge.startCognate({ ...followed, steps })
  const points: number[] = []
  const lines: number[] = []
  const age = ({ at }: { readonly at: string }) => Date.now() - Date.parse(at)
  const following = async () => {
    for await (const event of forge.trainingProgress(id)) {
      // The first of what was there before; the rest is live.
      for (const point of event.points) if (point.step > 20) points.push(age(point))
    }
  }
  const reading = async () => {
    for await (const event of forge.jobLogs(id)) {
      for (const line of event.lines) if ((line.step ?? 0) > 20) lines.push(age(line))
    }
  }
  await Promise.all([following(), reading()])
  return { points, lines }
}

function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.POSITIVE_INFINITY
}

const rounded = (value: number): number => Math.round(value * 10) / 10
