import { openExecutor } from '../../../engine/executors/probe.ts'
import { trainingBatches } from '../../../engine/training/batches.ts'
import { sizeAt } from '../../../engine/training/curriculum.ts'
import { openTrainer } from '../../../engine/training/trainer.ts'
import { unigramEntropy } from '../../../engine/training/unigram.ts'
import type { Blob, Blobs } from '../../../kernel/blobs/blobs.ts'
import { inSpan } from '../../../kernel/telemetry/spans.ts'
import type { StopReason } from '../../../schema/values.ts'
import { type CognateConfig, trainerOptions } from '../recipes/config.ts'
import { openCheckpointing, type Rating } from './checkpointing.ts'
import { finish } from './outcome.ts'
import { paceMeter } from './pace.ts'
import { prepareData, saveTokenizer, tokenPartsOf } from './preparation.ts'
import type { FromTrainer, Order } from './protocol.ts'
import { createRecorder } from './recorder.ts'
import { loadState, type Weights } from './saving.ts'
import { diverged, openStopping } from './stopping.ts'
import { usageMeter } from './usage.ts'

export interface Surroundings {
  readonly blobs: Blobs
  /** As `blobs.put`, beside the loop; the bytes are given away. */
  store(bytes: Uint8Array): Promise<Blob>
  send(message: FromTrainer): void
  shouldStop(): boolean
  /** Lets signals and messages in between two steps. */
  breathe(): Promise<void>
}

/** All that is needed before the first step; the step it would go on from where it should stop before. */
async function prepare(order: Order, surroundings: Surroundings) {
  const { blobs, send } = surroundings
  const config = order.config as CognateConfig
  const { batch, context, accumulation } = config
  const saved = await loadState(blobs, order.checkpoints, (step, reason) =>
    send({ kind: 'warning', message: `The checkpoint of step ${step} cannot be used: ${reason}` }),
  )
  const data = await prepareData(tokenPartsOf(order, surroundings), order.dataset, config, saved?.tokenizer)
  if (!data) return { stoppedAt: saved?.trainer.step ?? 0 }
  const tokenizer = saved?.tokenizer ?? saveTokenizer(data.tokenizer)
  const baseline = { validation_unigram_entropy: unigramEntropy(data.validation.map(({ targets }) => targets)) }

  const executor = await openExecutor(order.executor, { threads: order.threads })
  const options = trainerOptions(config)
  const trainer = await openTrainer(executor, options, saved?.trainer)
  const size = { batch: batch * accumulation, context }
  const sampler = trainingBatches(data.training, size, saved ? { state: saved.sampler } : { seed: config.seed })
  /** Of all passes of a step. */
  const sizeOfStep = (step: number) => {
    const { batch, context } = sizeAt(options, step)
    return { batch: batch * accumulation, context }
  }
  const tokensPerStep = size.batch * context
  const stopping = openStopping(config, { tokensPerStep, now: () => performance.now() }, saved?.stopping)
  const best = saved?.best ?? null
  return { data, tokenizer, baseline, trainer, sampler, sizeOfStep, tokensPerStep, stopping, best }
}

/** Trains from the beginning or from a checkpoint, until the last step or until it should stop. */
export async function runTraining(order: Order, surroundings: Surroundings): Promise<void> {
  const { blobs, store, send, shouldStop, breathe } = surroundings
  const { pauseAt = null } = order
  const config = order.config as CognateConfig
  const { steps } = config
  const keepsBest = config.weights === 'BEST'
  const prepared = await inSpan('prepare', {}, () => prepare(order, surroundings))
  if (prepared.stoppedAt !== undefined) return send({ kind: 'stopped', step: prepared.stoppedAt })
  using data = prepared.data
  const { tokenizer, baseline, sampler, sizeOfStep, tokensPerStep, stopping } = prepared
  await using trainer = prepared.trainer
  const recorder = createRecorder({ send, now: () => new Date(), recorded: order.recorded })
  const pace = paceMeter({ at: performance.now(), step: trainer.step }, tokensPerStep, steps)
  const usage = usageMeter(performance.now(), process)
  const everyMs = config.checkpointSeconds * 1000
  const checkpoints = openCheckpointing({ jobId: order.jobId, store, send, step: trainer.step, everyMs })
  let newestLoss: { loss?: number } = {}
  let best: Weights | null = prepared.best

  const checkpoint = (rating?: Rating) => {
    recorder.flush()
    const state = { trainer: trainer.state(), sampler: sampler.state(), tokenizer, stopping: stopping.state(), best }
    return checkpoints.save(state, rating)
  }

  const glance = () => trainer.evaluate(data.glance)

  recorder.record(0, { ...baseline, training_tokens: data.training.length, validation_tokens: data.kept })
  const end = await inSpan('train', {}, train)
  if (end === 'LEFT') return
  const stopReason = end === 'LAST_STEP' ? null : end
  await inSpan('save', {}, async () => {
    await checkpoints.settled()
    await finish({ config, blobs, trainer, data, recorder, baseline, newestLoss, best, stopReason, send })
  })

  /** Why it ended; LEFT when it is to go on another time. */
  async function train(): Promise<StopReason | 'LAST_STEP' | 'LEFT'> {
    while (trainer.step < steps) {
      if (trainer.step === pauseAt) {
        const validationLoss = await glance()
        if (!Number.isFinite(validationLoss)) throw diverged(trainer.step, validationLoss)
        await leave({ validationLoss })
        send({ kind: 'paused', step: trainer.step, validationLoss })
        return 'LEFT'
      }
      if (shouldStop()) {
        await leave()
        send({ kind: 'stopped', step: trainer.step })
        return 'LEFT'
      }
      const began = performance.now()
      const { step, loss, gradientNorm, learningRate } = await trainer.train(sampler.next(sizeOfStep(trainer.step + 1)))
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
        ...usage.look(ended),
        ...(config.curriculum ? { context: sizeOfStep(step).context } : {}),
      })
      stopping.step(step, loss)
      const rating = await look(step)
      if (step === steps) break
      const reason = stopping.reason(step)
      if (reason) return reason
      // At the end the loss over all of the validation text takes this place.
      if (rating.validationLoss !== undefined) recorder.record(step, { validation_loss: rating.validationLoss })
      await checkpointInTime(step, rating)
      recorder.expect(ended - began)
      await breathe()
    }
    return 'LAST_STEP'
  }

  /** A look at the validation loss where one is due; after the last step only for the sake of the best weights. */
  async function look(step: number): Promise<Rating> {
    const isDue = step === steps ? keepsBest : step % config.validationEvery === 0
    if (!isDue) return {}
    recorder.flush()
    const validationLoss = await glance()
    if (stopping.look(step, validationLoss) && keepsBest) best = copied(trainer.parameters())
    return { validationLoss }
  }

  async function checkpointInTime(step: number, rating: Rating): Promise<void> {
    if (step === pauseAt) return
    if (step % config.checkpointEvery === 0) {
      const isRated = rating.validationLoss !== undefined || config.keepBest === 0
      await checkpoint(isRated ? rating : { validationLoss: await glance() })
    } else if (checkpoints.isDue) await checkpoint(rating)
  }

  /** Saves what is not saved yet, before it goes on another time. */
  async function leave(rating?: Rating): Promise<void> {
    if (trainer.step > checkpoints.savedStep) await checkpoint(rating)
    await checkpoints.settled()
  }
}

const copied = (weights: Weights): Weights =>
  Object.fromEntries(Object.entries(weights).map(([name, values]) => [name, values.slice()]))
