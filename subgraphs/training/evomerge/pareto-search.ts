import { EngineError } from '../../../engine/errors.ts'
import { openExecutor } from '../../../engine/executors/probe.ts'
import { openTextExecutor } from '../../../engine/generation/text-executor.ts'
import { parameterCount } from '../../../engine/models/llama-parameters.ts'
import { nsga2, startNsga } from '../../../engine/search/nsga2.ts'
import { type Evaluator, openEvaluator } from '../../../engine/training/evaluator.ts'
import { tokenPartsOf } from '../trainer/preparation.ts'
import type { Order } from '../trainer/protocol.ts'
import { createRecorder } from '../trainer/recorder.ts'
import type { Surroundings } from '../trainer/training.ts'
import { mergedAt, type Weights } from './candidates.ts'
import type { EvoMergeConfig } from './config.ts'
import { measureLatency } from './latency.ts'
import { allLayers, keptLayers, withLayers } from './layers.ts'
import { prepareMerge } from './material.ts'
import { spaceOf, totalSteps, turnOf } from './methods.ts'
import { frontOf, type Judged, valuesOf } from './objectives.ts'
import { reportOf } from './outcome.ts'
import { loadSearch, type Member, type ParetoState, saveSearch } from './state.ts'

/** Points of a generation, unless given. */
const usualPopulation = 16
/** A loss that is no finite number, as JSON can hold it. */
const hopeless = Number.MAX_VALUE

/**
 * Searches the merges of which none is better in one objective without being worse in another, by NSGA-II over the
 * parameters of the methods and a number for each layer, which says whether the merge passes it through. Size and latency
 * follow from the number of layers, so each is worked out, or measured, once for it.
 */
export async function runParetoSearch(order: Order, surroundings: Surroundings): Promise<void> {
  const { blobs, send, shouldStop, breathe } = surroundings
  const config = order.config as EvoMergeConfig
  const { model, objectives = ['LOSS'] } = config
  const steps = totalSteps(config)
  const saved = await loadSearch<ParetoState>(blobs, order.checkpoints, (step, reason) =>
    send({ kind: 'warning', message: `The checkpoint of generation ${step} cannot be used: ${reason}` }),
  )
  const prepared = await prepareMerge(tokenPartsOf(order, surroundings), config, order.dataset)
  if (!prepared) return send({ kind: 'stopped', step: saved?.step ?? 0 })
  const material = prepared
  const { relatives, fitness, test } = material
  const { threads } = order
  const executor = await openExecutor(order.executor, { threads })
  // What merges are evaluated on may not be what texts are generated on.
  const reader = order.executor === 'native' ? await openTextExecutor('auto', threads) : executor
  await using opened = new AsyncDisposableStack()
  const evaluators = new Map<number, Evaluator>()
  const recorder = createRecorder({ send, now: () => new Date(), recorded: order.recorded })
  const latencies = new Map<number, number>(saved?.latencies)

  let state = saved ?? (await firstState())
  let savedStep = state.step
  let savedAt = performance.now()
  while (state.step < steps) {
    const next = await generation(state)
    if (!next) {
      if (state.step > savedStep) await checkpoint()
      return send({ kind: 'stopped', step: state.step })
    }
    state = next
    if (state.step < steps && performance.now() - savedAt > config.checkpointSeconds * 1000) await checkpoint()
  }
  const report = await reportOf(config, material, { ...state, best: state.front[0]! }, async (weights, layers) =>
    (await evaluatorOf(layers)).losses(weights, test),
  )
  recorder.record(steps, report.metrics)
  recorder.flush()
  if (report.notice) send({ kind: 'warning', message: report.notice })
  send({ kind: 'completed', step: steps, stopReason: null, ...(await report.store(blobs)) })

  async function evaluatorOf(layers: number): Promise<Evaluator> {
    const known = evaluators.get(layers)
    if (known) return known
    const evaluator = opened.use(await openEvaluator(executor, { ...config, model: { ...model, layers } }))
    evaluators.set(layers, evaluator)
    return evaluator
  }

  async function judge(weights: Weights, kept: readonly number[]): Promise<Judged> {
    const reduced = withLayers(model, kept)
    const loss = mean(await (await evaluatorOf(kept.length)).losses(weights, fitness))
    const known = latencies.get(kept.length)
    const latencyMs = known ?? (await measureLatency(reader, reduced, weights))
    latencies.set(kept.length, latencyMs)
    const sizeBytes = parameterCount(reduced) * Float32Array.BYTES_PER_ELEMENT
    return { loss: Number.isFinite(loss) ? loss : hopeless, sizeBytes, latencyMs }
  }

  /** The parents themselves: what the search must beat. */
  async function firstState(): Promise<ParetoState> {
    const parents: Member[] = []
    for (const [parent, weights] of relatives.parents.entries()) {
      parents.push({ ...(await judge(weights, allLayers(model))), found: { parent } })
    }
    const front = frontOf(parents, objectives)
    if (front[0]!.loss === hopeless) {
      throw new EngineError('INVALID_INPUT', 'no parent has a finite loss on this text: merge others')
    }
    recorder.record(0, { ...bestOf(front), best_parent_loss: front[0]!.loss })
    const parentLosses = parents.map(({ loss }) => loss)
    return { step: 0, nsga: null, front, parentLosses, latencies: [...latencies], evaluations: parents.length }
  }

  /** Null when it was stopped on the way: what it has done so far is done again. */
  async function generation(from: ParetoState): Promise<ParetoState | null> {
    const { method } = turnOf(config, from.step)
    const space = spaceOf(config, method)
    const whole = [...space.start, ...allLayers(model).map(() => 1)]
    const bounds = { lower: whole.map(() => 0), upper: whole.map(() => 1) }
    const seed = config.seed + config.methods.indexOf(method)
    const search = nsga2(from.nsga ?? startNsga(config.population ?? usualPopulation, seed), bounds, [whole])

    const members: Member[] = []
    for (const point of search.ask()) {
      if (shouldStop()) return null
      const layers = keptLayers(point.slice(space.start.length))
      const found = { method, point: point.slice(0, space.start.length), layers }
      const weights = mergedAt(relatives, method, space, found.point, layers)
      members.push({ ...(await judge(weights, layers)), found })
      await breathe()
    }
    search.tell(members.map(member => valuesOf(member, objectives)))
    const usable = members.filter(({ loss }) => loss < hopeless)
    const front = frontOf([...from.front, ...usable], objectives)
    const step = from.step + 1
    const isNextSame = step < steps && turnOf(config, step).method === method
    const evaluations = from.evaluations + members.length
    recorder.record(step, {
      ...bestOf(front),
      ...(usable.length > 0 && { loss: bestOf(usable).best_loss }),
      evaluations,
    })
    return {
      ...from,
      step,
      front,
      evaluations,
      latencies: [...latencies],
      nsga: isNextSame ? search.state() : null,
    }
  }

  async function checkpoint(): Promise<void> {
    recorder.flush()
    send({ kind: 'checkpoint', ...(await saveSearch(blobs, order.jobId, state)) })
    savedStep = state.step
    savedAt = performance.now()
  }
}

/** The lowest of each; none ever rises. */
const bestOf = (members: readonly Member[]) => ({
  best_loss: Math.min(...members.map(({ loss }) => loss)),
  least_size_bytes: Math.min(...members.map(({ sizeBytes }) => sizeBytes)),
  least_latency_ms: Math.min(...members.map(({ latencyMs }) => latencyMs)),
  front_size: members.length,
})

const mean = (losses: readonly number[]): number => losses.reduce((sum, value) => sum + value, 0) / losses.length
