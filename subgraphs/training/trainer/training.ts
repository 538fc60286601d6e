import { EngineError } from '../../../engine/errors.ts'
import { openExecutor } from '../../../engine/executors/probe.ts'
import { CONFIG, huggingFaceFiles } from '../../../engine/formats/huggingface.ts'
import { parameterCount } from '../../../engine/models/llama-parameters.ts'
import { trainingBatches } from '../../../engine/training/batches.ts'
import { openTrainer } from '../../../engine/training/trainer.ts'
import { unigramEntropy } from '../../../engine/training/unigram.ts'
import type { Blobs } from '../../../kernel/blobs/blobs.ts'
import { trainerOptions } from '../recipes/config.ts'
import { paceMeter } from './pace.ts'
import { prepareData, saveTokenizer } from './preparation.ts'
import type { FromTrainer, Order } from './protocol.ts'
import { createRecorder } from './recorder.ts'
import { loadState, saveState } from './saving.ts'

/** A checkpoint is made at the latest after so much work, in milliseconds… */
const checkpointMs = 15_000
/** …but of all time, at most this share goes into checkpoints that only time asks for. */
const checkpointShare = 0.05

export interface Surroundings {
  readonly blobs: Blobs
  send(message: FromTrainer): void
  shouldStop(): boolean
  /** Lets signals and messages in between two steps. */
  breathe(): Promise<void>
}

/** Trains from the beginning or from a checkpoint, until the last step or until it should stop. */
export async function runTraining(order: Order, { blobs, send, shouldStop, breathe }: Surroundings): Promise<void> {
  const { config } = order
  const { steps, batch, context, accumulation } = config
  const saved = await loadState(blobs, order.checkpoints, (step, reason) =>
    send({ kind: 'warning', message: `The checkpoint of step ${step} cannot be used: ${reason}` }),
  )
  const text = new TextDecoder('utf-8', { fatal: true }).decode(await blobs.bytes(order.dataset))
  const data = prepareData(text, config, saved?.tokenizer)
  const tokenizer = saved?.tokenizer ?? saveTokenizer(data.tokenizer)
  const baseline = { validation_unigram_entropy: unigramEntropy(data.validation.map(({ targets }) => targets)) }

  const executor = await openExecutor(order.executor, { threads: order.threads })
  await using trainer = await openTrainer(executor, trainerOptions(config), saved?.trainer)
  const size = { batch: batch * accumulation, context }
  const sampler = trainingBatches(data.training, size, saved ? { state: saved.sampler } : { seed: config.seed })
  const recorder = createRecorder({ send, now: () => new Date(), recorded: order.recorded })
  const pace = paceMeter({ at: performance.now(), step: trainer.step }, size.batch * context, steps)
  let savedStep = trainer.step
  let savedAt = performance.now()
  let patienceMs = checkpointMs
  let newestLoss: { loss?: number } = {}

  const checkpoint = async () => {
    recorder.flush()
    const began = performance.now()
    const state = { trainer: trainer.state(), sampler: sampler.state(), tokenizer }
    send({ kind: 'checkpoint', ...(await saveState(blobs, order.jobId, state)) })
    savedStep = trainer.step
    savedAt = performance.now()
    patienceMs = Math.max(checkpointMs, (savedAt - began) / checkpointShare)
  }

  recorder.record(0, baseline)
  while (trainer.step < steps) {
    if (shouldStop()) {
      if (trainer.step > savedStep) await checkpoint()
      send({ kind: 'stopped', step: trainer.step })
      return
    }
    const began = performance.now()
    const { step, loss, gradientNorm, learningRate } = await trainer.train(sampler.next())
    newestLoss = { loss }
    const ended = performance.now()
    const { tokensPerSecond, secondsLeft } = pace.mark(ended, step)
    recorder.record(step, {
      loss,
      gradient_norm: gradientNorm,
      learning_rate: learningRate,
      step_ms: ended - began,
      tokens_per_second: tokensPerSecond,
      eta_seconds: secondsLeft,
    })
    if (step % config.validationEvery === 0 && step < steps) {
      recorder.record(step, { validation_loss: await trainer.evaluate(data.glance) })
    }
    if (step < steps && (step % config.checkpointEvery === 0 || performance.now() - savedAt > patienceMs)) {
      await checkpoint()
    }
    await breathe()
  }

  const result = { validation_loss: await trainer.evaluate(data.validation) }
  // The loss of a step is that of the weights before it: what the last step made of them shows only here.
  if (!Number.isFinite(result.validation_loss)) throw diverged(steps, result.validation_loss)
  recorder.record(steps, result)
  recorder.flush()
  const pretrained = { config: config.model, parameters: trainer.parameters(), tokenizer: data.tokenizer }
  const files = huggingFaceFiles(pretrained)
  const stored = Object.entries(files).map(async ([path, bytes]) => ({ path, ...(await blobs.put(bytes)) }))
  send({
    kind: 'completed',
    parameterCount: parameterCount(config.model),
    architecture: { kind: 'llama', ...JSON.parse(new TextDecoder().decode(files[CONFIG])) },
    files: await Promise.all(stored),
    metrics: Object.entries({ ...newestLoss, ...result, ...baseline }).map(([name, value]) => ({ name, value })),
  })
}

const diverged = (step: number, loss: number) =>
  new EngineError('DIVERGED', `after step ${step} the validation loss is ${loss}: lower the learning rate`)
