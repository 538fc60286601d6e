import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { grokFastEmaDefaults } from '../../engine/optimizers/grokfast-ema.ts'
import { grokFastMaDefaults } from '../../engine/optimizers/grokfast-ma.ts'
import { benchmarkOf, type Goal, median } from '../benchmark.ts'
import type { Outcome, Trial } from '../grokfast/trial.ts'

/** The best of the paper's runs for each filter (Lee et al. 2024), in iterations to 95 % validation accuracy. */
const paper = {
  ema: { name: 'EMA', filter: grokFastEmaDefaults, weightDecay: 0.005, iterations: 910 },
  ma: { name: 'MA', filter: grokFastMaDefaults, weightDecay: 0.01, iterations: 790 },
}
type FilterName = keyof typeof paper

/** A filtered run that takes so many times the paper's iterations is given up. */
const PATIENCE = 5
/** Without the filter the paper's took 39,890 iterations: this control ends long before. */
const CONTROL_LIMIT = 4_000

export const benchmark = benchmarkOf({
  about:
    'Iterations to 95 % validation accuracy on x·y mod 97, beside the paper’s, and one control per weight decay without a filter, stopped at 4,000. About an hour on one core.',
  options: { seeds: 3, only: ['ema', 'ma', 'control'] },
  async measure({ seeds: count, only }) {
    const seeds = [...Array(count).keys()]
    const filters = Object.keys(paper).filter((name): name is FilterName => only.some(one => one === name))
    const results: Record<string, string | number | null>[] = []
    const goals: Goal[] = []

    for (const name of filters) {
      const { iterations: published, ...setup } = paper[name]
      const needed: number[] = []
      for (const seed of seeds) {
        const trial: Trial = { ...setup, seed, limit: PATIENCE * published }
        const outcome = await run(trial)
        results.push(row(trial, outcome, published))
        needed.push(outcome.iterations ?? Number.POSITIVE_INFINITY)
      }
      // A median of runs of which most were given up is at least their limit.
      const value = Math.min(median(needed), PATIENCE * published)
      const what = `iterations to 95 % with ${setup.name}, median of ${seeds.length}`
      goals.push({ name: what, goal: published, value, unit: 'iterations', atMost: true })
    }
    for (const name of only.includes('control') ? (Object.keys(paper) as FilterName[]) : []) {
      const { weightDecay } = paper[name]
      const trial: Trial = {
        name: `control of ${paper[name].name}`,
        filter: null,
        weightDecay,
        seed: 0,
        limit: CONTROL_LIMIT,
      }
      results.push(row(trial, await run(trial), null))
    }
    return { samples: seeds.length, results, goals }
  },
})

const row = ({ name, weightDecay, seed, limit }: Trial, outcome: Outcome, published: number | null) => ({
  run: name,
  weightDecay,
  seed,
  iterations: outcome.iterations,
  paper: published,
  taken: outcome.taken,
  stoppedAt: outcome.iterations === null ? limit : null,
  trainingAccuracy: round(outcome.trainingAccuracy),
  validationAccuracy: round(outcome.validationAccuracy),
  seconds: Math.round(outcome.seconds),
})

async function run(trial: Trial): Promise<Outcome> {
  const running = promisify(execFile)(process.execPath, [
    join(import.meta.dirname, '../grokfast/main.ts'),
    JSON.stringify(trial),
  ])
  running.child.stderr?.pipe(process.stderr, { end: false })
  return JSON.parse((await running).stdout) as Outcome
}

const round = (value: number): number => Math.round(value * 1000) / 1000
