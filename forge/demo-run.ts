import asciichart from 'asciichart'
import pc from 'picocolors'
import { progressBar } from '../client/command/progress-bar.ts'
import type { Forge as Client } from '../client/forge.ts'
import { DomainError } from '../kernel/errors.ts'

export interface DemoOptions {
  readonly steps: number
  readonly seed: number
  readonly stopped: AbortSignal
}

const say = (line = '') => process.stdout.write(`${line}\n`)
const modelName = 'moby-dick'
const prompt = 'Call me Ishmael. '

/** Follows one pipeline run through the public graph alone, and shows what came of it. */
export async function trainAndShow(forge: Client, { steps, seed, stopped: signal }: DemoOptions): Promise<void> {
  say(`Training the ${pc.bold('NANO')} preset on ${pc.italic('Moby-Dick')}: ${steps} steps, seed ${seed}\n`)
  const run = await forge.runPipeline({ pipeline: 'cognate', modelName, preset: 'NANO', seed, config: { steps } })

  const jobId = await jobOf(forge, run.id, signal)
  const bar = progressBar(process.stdout)
  for await (const progress of forge.trainingProgress(jobId, { signal })) bar.update(progress)
  bar.stop()

  const ref = await outputOf(forge, run.id, signal)
  const job = await forge.job(jobId)
  const losses = seriesOf(job.metrics, 'loss')
  const validation = seriesOf(job.metrics, 'validation_loss')
  const unigram = seriesOf(job.metrics, 'validation_unigram_entropy').at(-1)
  showCurve(losses, validation)
  const better = showValidation(validation.at(-1), unigram)

  const version = await forge.modelVersion(ref)
  say(`${pc.bold('Registered')}  ${ref}`)
  say(`  ${(version.parameterCount / 1e6).toFixed(2)} M parameters, ${(version.sizeBytes / 1e6).toFixed(1)} MB`)
  say(`  ${version.digest}\n`)

  const written = await forge.generate({ model: ref, prompt, maxTokens: 120, temperature: 0.8, topK: 50, seed })
  say(`${pc.bold('It writes')}  ${pc.dim(prompt)}${written.text.trim()}\n`)
  if (!better) {
    throw new DomainError('INTERNAL', 'The model did not learn enough: train it for more steps with -- --steps 1200.')
  }
}

async function jobOf(forge: Client, runId: string, signal: AbortSignal): Promise<string> {
  for await (const { run, status } of forge.pipelineProgress(runId, { signal })) {
    const job = run?.steps[0]?.job
    if (job) return job.id
    if (status === 'FAILED') break
  }
  throw failure(await forge.pipelineRun(runId))
}

async function outputOf(forge: Client, runId: string, signal: AbortSignal): Promise<string> {
  for await (const _state of forge.pipelineProgress(runId, { signal }));
  const run = await forge.pipelineRun(runId)
  const output = run.steps[0]?.output
  if (!output) throw failure(run)
  return `${output.model.name}/${output.number}`
}

const failure = (run: { status: string; error?: { message: string } | null }) =>
  new DomainError('INTERNAL', `The training ended ${run.status}: ${run.error?.message ?? 'no reason was given'}`)

type Series = readonly { readonly name: string; readonly points: readonly { readonly value: number }[] }[]

const seriesOf = (metrics: Series, name: string): readonly number[] =>
  metrics.find(series => series.name === name)?.points.map(point => point.value) ?? []

function showCurve(losses: readonly number[], validation: readonly number[]): void {
  const width = Math.min(80, (process.stdout.columns ?? 80) - 12)
  const lines = [losses, validation].map(values => stretched(values, width))
  say(`${pc.bold('Loss')}  ${pc.cyan('training')} and ${pc.yellow('validation')}, nats per token`)
  say(asciichart.plot(lines, { height: 12, colors: [asciichart.cyan, asciichart.yellow] }))
  say()
}

/** As many values as the chart has columns: means where there are more, repeats where there are fewer. */
function stretched(values: readonly number[], width: number): number[] {
  return Array.from({ length: width }, (_, column) => {
    const from = Math.floor((column * values.length) / width)
    const to = Math.max(from + 1, Math.floor(((column + 1) * values.length) / width))
    const bucket = values.slice(from, to)
    return bucket.reduce((sum, value) => sum + value, 0) / bucket.length
  })
}

/** Whether the model predicts the validation tokens at least 25 % better than their own frequencies do. */
function showValidation(loss = Number.NaN, unigram = Number.NaN): boolean {
  const gain = 1 - loss / unigram
  say(`${pc.bold('Validation loss')}  ${loss.toFixed(3)} nats per token`)
  say(`  unigram entropy of the same tokens ${unigram.toFixed(3)}: ${(gain * 100).toFixed(1)} % below it`)
  say()
  return gain >= 0.25
}
