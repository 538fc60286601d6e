import { execFile, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { withHugePages } from '../../engine/executors/huge-pages.ts'
import { probeExecutors } from '../../engine/executors/probe.ts'
import { type PresetName, presets } from '../../engine/models/presets.ts'
import { inheritedEnv } from '../../kernel/env.ts'
import { type Benchmark, type Goal, option } from '../benchmark.ts'
import type { GenerateTimes, Times, TrainTimes, Trial } from '../training/trial.ts'

/** The decoder that the goals speak of: 918,656 parameters. */
const anchor = { model: { ...presets.NANO.model, vocabularySize: 512 }, batch: 16, context: 128 }
const sections = ['executors', 'presets', 'generation'] as const
const presetNames = Object.keys(presets) as PresetName[]
/** Executors that take seconds for a step show it in three. */
const rounds = { onnx: 30, other: 3 }

/**
 * Tokens per second of training, and the share of what the same executor's 1024³ product allows; the presets with
 * their peak memory; generation. `--only executors,presets,generation` and `--rounds N` make it shorter.
 */
export const benchmark: Benchmark = async flags => {
  const wanted = option(flags, '--only')?.split(',') ?? [...sections]
  const unknown = wanted.find(name => !sections.includes(name as (typeof sections)[number]))
  if (unknown !== undefined) throw new Error(`There is no section "${unknown}"; choose from ${sections.join(', ')}`)
  const count = Number(option(flags, '--rounds') ?? rounds.onnx)
  const results: Record<string, string | number | null>[] = []
  const goals: Goal[] = []

  if (wanted.includes('executors')) {
    for (const { name, works } of await probeExecutors()) {
      if (!works || name === 'reference') continue
      for (const threads of name === 'onnx' ? [1, 2] : [1]) {
        const trialRounds = name === 'onnx' ? count : Math.min(count, rounds.other)
        const times = await run<TrainTimes>({ kind: 'train', executor: name, threads, ...anchor, rounds: trialRounds })
        results.push(trainRow('issue', name, threads, times))
        if (name !== 'onnx') continue
        const goal = threads === 1 ? 0.8 : 0.7
        const what = `share of the limit, ${threads} ${threads === 1 ? 'thread' : 'threads'}`
        goals.push({ name: what, goal, value: round(times.shareOfLimit), unit: 'of 1', atMost: false })
      }
    }
  }
  if (wanted.includes('presets')) {
    for (const name of presetNames) {
      const { model, batch } = presets[name]
      const size = name === 'COGNATE' ? { batch: 8, context: 256 } : { batch, context: model.contextLength }
      const trial: Trial = { kind: 'train', executor: 'onnx', threads: 2, model, ...size, rounds: Math.min(count, 5) }
      const times = await run<TrainTimes>(trial)
      results.push(trainRow(name, 'onnx', 2, times))
      if (name !== 'COGNATE') continue
      const value = Math.round(times.peakMegabytes)
      goals.push({ name: 'peak memory of COGNATE', goal: 3000, value, unit: 'MB', atMost: true })
    }
  }
  if (wanted.includes('generation')) {
    for (const name of presetNames) {
      const { model, batch } = presets[name]
      const size = { batch, context: model.contextLength }
      const times = await run<GenerateTimes>({
        kind: 'generate',
        executor: 'onnx',
        threads: 1,
        model,
        ...size,
        rounds: Math.min(count, 5),
      })
      results.push({
        measured: 'generate',
        model: name,
        executor: 'onnx',
        threads: 1,
        firstTokenMs: round(times.firstTokenSeconds * 1000),
        tokensPerSecond: round(times.tokensPerSecond),
        peakMegabytes: Math.round(times.peakMegabytes),
      })
    }
  }
  return { samples: count, results, goals }
}

function trainRow(model: string, executor: string, threads: number, times: Times<TrainTimes>) {
  return {
    measured: 'train',
    model,
    executor,
    threads,
    tokensPerSecond: Math.round(times.tokensPerSecond),
    stepMs: round(times.stepSeconds * 1000),
    stepCpuMs: round(times.stepCpuSeconds * 1000),
    productGigaflops: round(times.productGigaflops),
    shareOfLimit: round(times.shareOfLimit),
    loopShare: round(times.loopShare),
    peakMegabytes: Math.round(times.peakMegabytes),
  }
}

/** Measures in a process of its own with the environment of a training's, pinned to as many cores as it has threads where there is taskset. */
async function run<T>(trial: Trial): Promise<Times<T>> {
  const command = [process.execPath, join(import.meta.dirname, '../training/main.ts'), JSON.stringify(trial)]
  if (pins()) command.unshift('taskset', '-c', trial.threads === 1 ? '0' : `0-${trial.threads - 1}`)
  const [file, ...args] = command
  const { stdout } = await promisify(execFile)(file!, args, { env: withHugePages(inheritedEnv()) })
  return JSON.parse(stdout) as Times<T>
}

function pins(): boolean {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

const round = (value: number): number => Math.round(value * 1000) / 1000
