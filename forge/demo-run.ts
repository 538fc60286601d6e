import pc from 'picocolors'
import { bytes, short } from '../client/command/figures.ts'
import { lossCurve } from '../client/command/loss-curve.ts'
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
const prompt = 'The white whale'
/** How far below the unigram entropy the validation loss must end for the demo to have shown learning. */
const wantedGain = 0.25

/** Follows one pipeline run through the public graph alone, and shows what came of it. */
export async function trainAndShow(forge: Client, { steps, seed, stopped: signal }: DemoOptions): Promise<void> {
  say(`Training the ${pc.bold('NANO')} preset on ${pc.italic('Moby-Dick')}: ${steps} steps, seed ${seed}`)
  const run = await forge.runPipeline({ pipeline: 'cognate', modelName, preset: 'NANO', seed, config: { steps } })
  const jobId = await jobOf(forge, run.id, signal)
  say(pc.dim(`${run.id} · ${jobId}\n`))

  const bar = progressBar(process.stdout)
  for await (const progress of forge.trainingProgress(jobId, { signal })) bar.update(progress)
  bar.stop()
  const ref = await outputOf(forge, run.id, signal)

  const { metrics } = await forge.job(jobId)
  const pointsOf = (name: string) => metrics.find(series => series.name === name)?.points ?? []
  const newest = (name: string) => pointsOf(name).at(-1)?.value ?? Number.NaN
  say(`\n${lossCurve(pointsOf('loss'), pointsOf('validation_loss'), process.stdout.columns ?? 80)}\n`)
  const gain = showGain(newest('validation_loss'), newest('validation_unigram_entropy'))

  const version = await forge.modelVersion(ref)
  say(
    `${pc.bold('Registered')}       ${version.ref}: ${short(version.parameterCount)} parameters, ${bytes(version.sizeBytes)}`,
  )
  say(`                 ${pc.dim(version.digest)}\n`)

  const { text, tokensPerSecond } = await forge.generate({ model: ref, prompt, maxTokens: 120, topK: 50, seed })
  say(`${pc.bold('It writes')}        ${pc.dim(`${Math.round(tokensPerSecond)} tokens/s`)}\n`)
  say(`${pc.dim(prompt)}${text.trimEnd()}\n`)
  if (!(gain >= wantedGain)) {
    throw new DomainError('INTERNAL', 'The model learned less than it should: train it longer, with -- --steps 1200.')
  }
}

async function jobOf(forge: Client, runId: string, signal: AbortSignal): Promise<string> {
  for await (const { steps } of forge.pipelineProgress(runId, { signal })) {
    const job = steps[0]?.job
    if (job) return job.id
  }
  throw failure(await forge.pipelineRun(runId))
}

/** The reference of the version that the run registers. */
async function outputOf(forge: Client, runId: string, signal: AbortSignal): Promise<string> {
  let output: string | undefined
  for await (const { run } of forge.pipelineProgress(runId, { signal })) output = run?.steps[0]?.output?.ref
  if (!output) throw failure(await forge.pipelineRun(runId))
  return output
}

const failure = (run: { status: string; error?: { message: string } | null }) =>
  new DomainError('INTERNAL', `The training ended ${run.status}: ${run.error?.message ?? 'its job was stopped'}`)

/** Prints both losses, and answers how much better the model predicts than the frequencies of the tokens alone. */
function showGain(loss: number, unigram: number): number {
  const gain = 1 - loss / unigram
  say(`${pc.bold('Validation loss')}  ${loss.toFixed(3)} nats per token`)
  say(
    `                 ${(gain * 100).toFixed(1)} % below the unigram entropy of the same tokens, ${unigram.toFixed(3)}\n`,
  )
  return gain
}
