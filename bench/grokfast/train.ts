import type { Executor, Program, Value } from '../../engine/executors/executor.ts'
import type { Graph } from '../../engine/graph/graph.ts'
import { grokkingPaper, grokkingShapes, initialGrokking } from '../../engine/models/grokking-parameters.ts'
import { adamWScalarValues } from '../../engine/optimizers/adamw.ts'
import { averageGain } from '../../engine/optimizers/grokfast-ema.ts'
import { movingAverageGain } from '../../engine/optimizers/grokfast-ma.ts'
import { seededRandom } from '../../engine/random.ts'
import { gradientWindow } from '../../engine/training/gradient-window.ts'
import { batchesOf, type Equations, equations, LENGTH } from './equations.ts'
import { carriedVectors, evaluationGraph, optimizerOf, pack, stepGraph } from './step.ts'
import { type Outcome, type Trial, WANTED } from './trial.ts'

const BATCH = 512
const RATE = 1e-3
const WARM_UP = 10
const PARAMETERS = 422_784

/** The reference code's schedule: its first update has rate 0, its eleventh the full one. */
const rateAt = (step: number) => RATE * Math.min(1, (step - 1) / WARM_UP)

/**
 * Trains until the validation accuracy is 0.95, looking at it after each pass over the training half as the reference
 * code does: every ten iterations, of which the last takes the 48 rows that remain.
 */
export async function train(executor: Executor, trial: Trial, tell: (line: string) => void): Promise<Outcome> {
  const shapes = Object.entries(grokkingShapes(grokkingPaper))
  if (pack.length !== PARAMETERS)
    throw new Error(`The decoder has ${pack.length} parameters; the paper's has ${PARAMETERS}`)

  const { training, validation } = equations(trial.seed)
  const rows = training.answers.length
  const order = Array.from({ length: rows }, (_, row) => row)
  // Else the order of the rows would be drawn from the numbers that the weights were.
  const random = seededRandom(trial.seed + 1_000_003)
  const stepFor = compiled(executor, size => stepGraph(trial, size))
  const logitsFor = compiled(executor, evaluationGraph)

  const weights = initialGrokking(grokkingPaper, trial.seed)
  const carried: Record<string, Value> = {}
  for (const [name, shape] of shapes) carried[name] = executor.value(weights[name]!, shape)
  const zeros = executor.value(new Float32Array(PARAMETERS), [PARAMETERS])
  for (const name of carriedVectors(trial)) carried[name] = zeros
  using window = trial.filter?.kind === 'MA' ? gradientWindow(trial.filter.window, []) : undefined

  async function take(step: number, { tokens, answers }: Equations): Promise<number> {
    const program = await stepFor(answers.length)
    const outputs = await program.run({
      ...carried,
      ...(window && { oldest: window.oldest()?.[0] ?? zeros }),
      ...scalars(executor, trial, step),
      tokens: executor.value(tokens, [answers.length, LENGTH]),
      answers: executor.value(answers, [answers.length]),
    })
    for (const [name, value] of Object.entries(outputs))
      if (name.startsWith('next.')) carried[name.slice('next.'.length)] = value
    window?.push([outputs.gradient!])
    return right(outputs.logits!, answers)
  }

  async function accuracy(of: Equations): Promise<number> {
    let found = 0
    const inOrder = Array.from(of.answers.keys())
    for (const { tokens, answers } of batchesOf(of, inOrder, BATCH)) {
      const parameters = Object.fromEntries(shapes.map(([name]) => [name, carried[name]!]))
      const program = await logitsFor(answers.length)
      const fed = { ...parameters, tokens: executor.value(tokens, [answers.length, LENGTH]) }
      found += right((await program.run(fed)).logits!, answers)
    }
    return found / of.answers.length
  }

  const began = performance.now()
  let step = 0
  let [trainingAccuracy, validationAccuracy] = [0, 0]
  while (validationAccuracy < WANTED && step < trial.limit) {
    let found = 0
    for (const batch of batchesOf(training, random.shuffle(order), BATCH)) found += await take(++step, batch)
    trainingAccuracy = found / rows
    validationAccuracy = await accuracy(validation)
    if (step % 100 === 0)
      tell(`iteration ${step}: training ${trainingAccuracy.toFixed(3)}, validation ${validationAccuracy.toFixed(3)}`)
  }
  const iterations = validationAccuracy >= WANTED ? step : null
  const seconds = (performance.now() - began) / 1000
  return { iterations, taken: step, trainingAccuracy, validationAccuracy, seconds }
}

function scalars(executor: Executor, trial: Trial, step: number): Record<string, Value> {
  const { stepSize, rootCorrection } = adamWScalarValues(optimizerOf(trial), rateAt(step), step)
  const numbers: Record<string, number> = { stepSize, rootCorrection }
  const { filter } = trial
  if (filter?.kind === 'EMA') {
    numbers.alpha = step === 1 ? 0 : filter.alpha
    numbers.gain = averageGain(filter, step)
  }
  if (filter?.kind === 'MA') numbers.gain = movingAverageGain(filter, step)
  return Object.fromEntries(
    Object.entries(numbers).map(([name, number]) => [name, executor.value(Float32Array.of(number), [])]),
  )
}

/** One program for each size of batch. */
function compiled(executor: Executor, graphOf: (rows: number) => Graph): (rows: number) => Promise<Program> {
  const programs = new Map<number, Promise<Program>>()
  return rows => {
    if (!programs.has(rows)) programs.set(rows, executor.compile(graphOf(rows)))
    return programs.get(rows)!
  }
}

/** How many rows have their largest logit at the answer. */
function right(logits: Value, answers: Int32Array): number {
  const [, classes] = logits.shape
  const data = logits.data()
  return answers.reduce((count, answer, row) => {
    const own = data.subarray(row * classes!, (row + 1) * classes!)
    return own.every(value => value <= own[answer]!) ? count + 1 : count
  }, 0)
}
