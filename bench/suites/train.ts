import { fastest, probeExecutors } from '../../engine/executors/probe.ts'
import { type PresetName, presets } from '../../engine/models/presets.ts'
import { benchmarkOf, type Goal, median } from '../benchmark.ts'
import { openOwn } from '../training/contender.ts'
import { findPyTorch } from '../training/pytorch.ts'
import type { GenerateTimes, StepTaken, Trial, WithPeak } from '../training/trial.ts'
import { measureTraining, type Outcome } from '../training/turns.ts'

type Row = Record<string, string | number | null>

/** The decoder that the goals speak of: 918,656 parameters. */
const anchor = { model: { ...presets.NANO.model, vocabularySize: 512 }, batch: 16, context: 128 }
const sections = ['executors', 'presets', 'generation'] as const
const presetNames = Object.keys(presets) as PresetName[]
const rounds = 30
/** Of the others, which take seconds for a step, three are enough. */
const quick: ReadonlySet<string> = new Set(['native', 'onnx'])
/** What generates text where nothing else is asked for. */
const generator = 'onnx'
const cores = { 1: 'one core', 2: 'two cores' }

export const benchmark = benchmarkOf({
  about:
    'Tokens per second of training, and the share of what the same executor’s 1024³ product allows; for the executor that trainings get, beside PyTorch’s where there is one (`--python` names a Python that has torch); the presets with their peak memory; generation.',
  options: { only: sections, rounds, python: 'python3' },
  async measure({ only, rounds: count, python }) {
    const pytorch = await findPyTorch(python)
    const probes = await probeExecutors()
    const preferred = fastest(probes)!.name
    const results: Row[] = []
    const goals: Goal[] = []

    if (only.includes('executors')) {
      for (const { name, works } of probes) {
        if (!works || name === 'reference') continue
        if (!quick.has(name)) {
          const trial = { kind: 'train', executor: name, threads: 1, ...anchor, rounds: Math.min(count, 3) } as const
          results.push(...trainRows('issue', trial, await measureTraining(trial)))
          continue
        }
        for (const threads of [1, 2] as const) {
          const trial = { kind: 'train', executor: name, threads, ...anchor, rounds: count } as const
          const outcome = await measureTraining(trial, name === preferred ? pytorch : undefined)
          results.push(...trainRows('issue', trial, outcome))
          if (name !== preferred) continue
          const value = round(median(outcome.ours.map(step => step.shareOfLimit)))
          const what = `share of the limit, ${threads} ${threads === 1 ? 'thread' : 'threads'}`
          goals.push({ name: what, goal: threads === 1 ? 0.8 : 0.7, value, unit: 'of 1', atMost: false })
          goals.push(...pytorchGoals(threads, outcome))
        }
      }
    }
    if (only.includes('presets')) {
      for (const name of presetNames) {
        const { model, batch } = presets[name]
        const size = name === 'COGNATE' ? { batch: 8, context: 256 } : { batch, context: model.contextLength }
        const trial: Trial = {
          kind: 'train',
          executor: preferred,
          threads: 2,
          model,
          ...size,
          rounds: Math.min(count, 5),
        }
        const outcome = await measureTraining(trial, pytorch && { ...pytorch, ways: pytorch.ways.slice(-1) })
        results.push(...trainRows(name, trial, outcome))
        if (name !== 'COGNATE') continue
        const value = peakOf(outcome.ours)
        goals.push({ name: 'peak memory of COGNATE', goal: 3000, value, unit: 'MB', atMost: true })
      }
    }
    if (only.includes('generation')) {
      for (const name of presetNames) {
        const { model, batch } = presets[name]
        const size = { batch, context: model.contextLength }
        const trial: Trial = {
          kind: 'generate',
          executor: generator,
          threads: 1,
          model,
          ...size,
          rounds: Math.min(count, 5),
        }
        await using program = openOwn(trial)
        const times = await program.next<WithPeak<GenerateTimes>>()
        results.push({
          measured: 'generate',
          model: name,
          executor: generator,
          threads: 1,
          firstTokenMs: round(times.firstTokenSeconds * 1000),
          tokensPerSecond: round(times.tokensPerSecond),
          peakMegabytes: Math.round(times.peakMegabytes),
        })
      }
    }
    const notes = pytorch ? [] : [`PyTorch was not measured: ${python} cannot import torch. ${installation}`]
    return { samples: count, results, goals, notes }
  },
})

const installation =
  'Install it with pip install torch, or Debian’s python3-torch with libopenblas0-openmp, and name its Python with --python PYTHON.'

/** Against PyTorch as it installs, and as fast as it can be made. */
function pytorchGoals(threads: 1 | 2, { ours, rivals }: Outcome): Goal[] {
  const against = (kind: string, those: Outcome['rivals']): Goal[] => {
    if (those.length === 0) return []
    const fastest = Math.min(...those.map(({ steps }) => secondsOf(steps)))
    const name = `faster than PyTorch ${kind} on ${cores[threads]}`
    return [{ name, goal: 1, value: round(fastest / secondsOf(ours)), unit: 'times as fast', atMost: false }]
  }
  return [
    ...against(
      'as it installs',
      rivals.filter(({ asInstalled }) => asInstalled),
    ),
    ...against('at its fastest', rivals),
  ]
}

/** Ours first. */
function trainRows(model: string, trial: Trial, { ours, rivals }: Outcome): Row[] {
  const own = (key: 'productGigaflops' | 'shareOfLimit' | 'loopShare') => round(median(ours.map(step => step[key])))
  const limit = {
    productGigaflops: own('productGigaflops'),
    shareOfLimit: own('shareOfLimit'),
    loopShare: own('loopShare'),
  }
  const none = { productGigaflops: null, shareOfLimit: null, loopShare: null }
  return [
    trainRow(model, trial.executor, trial, ours, limit),
    ...rivals.map(({ name, steps }) => trainRow(model, name, trial, steps, none)),
  ]
}

function trainRow(
  model: string,
  executor: string,
  trial: Trial,
  steps: readonly WithPeak<StepTaken>[],
  limit: Row,
): Row {
  return {
    measured: 'train',
    model,
    executor,
    threads: trial.threads,
    tokensPerSecond: Math.round((trial.batch * trial.context) / secondsOf(steps)),
    stepMs: round(secondsOf(steps) * 1000),
    stepCpuMs: round(median(steps.map(step => step.cpuSeconds)) * 1000),
    ...limit,
    peakMegabytes: peakOf(steps),
  }
}

const secondsOf = (steps: readonly StepTaken[]) => median(steps.map(step => step.seconds))
const peakOf = (steps: readonly WithPeak<StepTaken>[]) => Math.round(steps.at(-1)!.peakMegabytes)
const round = (value: number): number => Math.round(value * 1000) / 1000
