import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { PresetName } from '../../engine/models/presets.ts'
import { presets } from '../../engine/models/presets.ts'
import { benchmarkOf, type Goal, median } from '../benchmark.ts'
import { serving } from '../inference/serving.ts'
import type { Contender, Round, RoundTimes } from '../inference/trial.ts'

const sections = ['forge', 'service'] as const
/** Presets by the threads that they are measured on. */
const settings: readonly { readonly preset: PresetName; readonly threads: number }[] = [
  { preset: 'NANO', threads: 1 },
  { preset: 'COGNATE', threads: 1 },
  { preset: 'COGNATE', threads: 2 },
]
const contenders = [
  { program: 'forge', type: 'f32' },
  { program: 'llama.cpp', type: 'f32' },
  { program: 'llama.cpp', type: 'q8_0' },
] as const
const together = [1, 8] as const

export const benchmark = benchmarkOf({
  about:
    'Generation with a cache beside llama.cpp’s (node-llama-cpp) on the same weights, threads and prompts, round by round in turn; and how fast the service answers others meanwhile.',
  options: { only: sections, rounds: 3 },
  async measure({ only, rounds }) {
    const results: Record<string, string | number | null>[] = []
    const goals: Goal[] = []
    if (only.includes('forge')) {
      for (const setting of settings) {
        const rows = await compare(setting, rounds)
        results.push(...rows)
        if (setting.preset === 'COGNATE') goals.push(...goalsOf(setting, rows))
      }
    }
    if (only.includes('service')) {
      const served = await serving()
      results.push(...served)
      const busy = served.find(row => row.generations > 1)!
      goals.push({ name: 'a query while eight generate, p99', goal: 50, value: busy.p99, unit: 'ms', atMost: true })
    }
    return { samples: rounds, results, goals }
  },
})

type Row = ReturnType<typeof rowOf>

async function compare({ preset, threads }: (typeof settings)[number], rounds: number): Promise<Row[]> {
  await using open = new AsyncDisposableStack()
  const running = []
  for (const { program, type } of contenders) {
    running.push(open.use(await start({ program, preset, type, threads, texts: Math.max(...together) })))
  }
  const { contextLength } = presets[preset].model
  const rows: Row[] = []
  for (const texts of together) {
    const round = { texts, prompt: contextLength / 4, tokens: contextLength / 4 }
    const times: RoundTimes[][] = running.map(() => [])
    // The first round makes programs and finds nothing in the caches.
    for (let count = 0; count <= rounds; count++) {
      for (const [index, { measure }] of running.entries()) {
        const found = await measure(round)
        if (count > 0) times[index]!.push(found)
      }
    }
    for (const [index, { contender }] of running.entries()) rows.push(rowOf(contender, round, times[index]!))
  }
  return rows
}

function rowOf({ program, preset, type, threads }: Contender, { texts, prompt, tokens }: Round, times: RoundTimes[]) {
  return {
    measured: 'generation',
    model: preset,
    program,
    type,
    threads,
    texts,
    prompt,
    tokens,
    firstTokenMs: rounded(median(times.map(({ firstTokenMs }) => firstTokenMs))),
    tokensPerSecond: rounded(median(times.map(({ tokensPerSecond }) => tokensPerSecond))),
  }
}

function goalsOf({ preset, threads }: (typeof settings)[number], rows: readonly Row[]): Goal[] {
  const of = (program: string, texts: number) =>
    rows.find(row => row.program === program && row.type === 'f32' && row.texts === texts)!
  const what = `${preset}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`
  const speed = together.map(texts => ({
    name: `tokens/s by llama.cpp's at F32, ${what}, ${texts} at once`,
    goal: 1,
    value: rounded(of('forge', texts).tokensPerSecond / of('llama.cpp', texts).tokensPerSecond),
    unit: 'times',
    atMost: false,
  }))
  const first = {
    name: `first token by llama.cpp's at F32, ${what}`,
    goal: 1,
    value: rounded(of('forge', 1).firstTokenMs / of('llama.cpp', 1).firstTokenMs),
    unit: 'times',
    atMost: true,
  }
  return [...speed, first]
}

/** A process that waits, without using a core, until it is its turn. */
async function start(contender: Contender) {
  const child = fork(join(import.meta.dirname, '../inference/main.ts'), [JSON.stringify(contender)], { execArgv: [] })
  const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`${contender.program} ended (${code})`)))
  ended.catch(() => {})
  const answer = async () => (await Promise.race([once(child, 'message'), ended]))[0]
  await answer()
  return {
    contender,
    async measure(round: Round): Promise<RoundTimes> {
      child.send(round)
      return answer()
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.disconnect()
      await ended.catch(() => {})
    },
  }
}

const rounded = (value: number): number => Math.round(value * 100) / 100
