import { EngineError } from '../../../engine/errors.ts'
import { openExecutor } from '../../../engine/executors/probe.ts'
import { cmaEs, startCma } from '../../../engine/search/cma-es.ts'
import { openEvaluator } from '../../../engine/training/evaluator.ts'
import { tokenPartsOf } from '../trainer/preparation.ts'
import type { Order } from '../trainer/protocol.ts'
import { createRecorder } from '../trainer/recorder.ts'
import type { Surroundings } from '../trainer/training.ts'
import { mergedAt, type Weights } from './candidates.ts'
import type { EvoMergeConfig } from './config.ts'
import { prepareMerge } from './material.ts'
import { searchesLayers, spaceOf, totalSteps, turnOf } from './methods.ts'
import { reportOf } from './outcome.ts'
import { runParetoSearch } from './pareto-search.ts'
import { type Best, loadSearch, type SearchState, saveSearch } from './state.ts'

/** Searches from the beginning or from a checkpoint, until the last generation or until it should stop. */
export async function runEvoMerge(order: Order, surroundings: Surroundings): Promise<void> {
  const { blobs, send, shouldStop, breathe } = surroundings
  const config = order.config as EvoMergeConfig
  if (searchesLayers(config)) return runParetoSearch(order, surroundings)
  const steps = totalSteps(config)
  const saved = await loadSearch<SearchState>(blobs, order.checkpoints, (step, reason) =>
    send({ kind: 'warning', message: `The checkpoint of generation ${step} cannot be used: ${reason}` }),
  )
  const prepared = await prepareMerge(tokenPartsOf(order, surroundings), config, order.dataset)
  if (!prepared) return send({ kind: 'stopped', step: saved?.step ?? 0 })
  const material = prepared
  const { relatives, fitness } = material
  const executor = await openExecutor(order.executor, { threads: order.threads })
  await using evaluator = await openEvaluator(executor, config)
  const recorder = createRecorder({ send, now: () => new Date(), recorded: order.recorded })
  const lossOf = async (weights: Weights) => mean(await evaluator.losses(weights, fitness))

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
  const report = await reportOf(config, material, state, weights => evaluator.losses(weights, material.test))
  recorder.record(steps, report.metrics)
  recorder.flush()
  if (report.notice) send({ kind: 'warning', message: report.notice })
  send({ kind: 'completed', step: steps, stopReason: null, ...(await report.store(blobs)) })

  /** The parents themselves: what the search must beat. */
  async function firstState(): Promise<SearchState> {
    const parentLosses: number[] = []
    for (const weights of relatives.parents) parentLosses.push(await lossOf(weights))
    const parent = parentLosses.indexOf(Math.min(...parentLosses))
    if (!Number.isFinite(parentLosses[parent])) {
      throw new EngineError('INVALID_INPUT', 'no parent has a finite loss on this text: merge others')
    }
    const best: Best = { loss: parentLosses[parent]!, found: { parent } }
    recorder.record(0, { best_loss: best.loss, best_parent_loss: best.loss })
    return { step: 0, cma: null, best, parentLosses, evaluations: parentLosses.length }
  }

  /** Null when it was stopped on the way: what it has done so far is done again. */
  async function generation(from: SearchState): Promise<SearchState | null> {
    const { method } = turnOf(config, from.step)
    const space = spaceOf(config, method)
    const { start } = space
    const seed = config.seed + config.methods.indexOf(method)
    const bounds = { lower: start.map(() => 0), upper: start.map(() => 1) }
    const search =
      start.length === 0
        ? null
        : cmaEs(from.cma ?? startCma({ start, sigma: config.sigma, seed }), bounds, config.population ?? undefined)
    const points = search?.ask() ?? [[]]

    const losses: number[] = []
    let { best } = from
    for (const point of points) {
      if (shouldStop()) return null
      const loss = await lossOf(mergedAt(relatives, method, space, point))
      losses.push(loss)
      // What is no number beats nothing.
      if (loss < best.loss) best = { loss, found: { method, point } }
      await breathe()
    }
    search?.tell(losses)
    const step = from.step + 1
    const isNextSame = step < steps && turnOf(config, step).method === method
    const evaluations = from.evaluations + losses.length
    recorder.record(step, {
      loss: Math.min(...losses.filter(Number.isFinite)),
      mean_loss: mean(losses),
      best_loss: best.loss,
      ...(search && { sigma: search.state().sigma }),
      evaluations,
    })
    return { ...from, step, best, evaluations, cma: isNextSame ? (search?.state() ?? null) : null }
  }

  async function checkpoint(): Promise<void> {
    recorder.flush()
    send({ kind: 'checkpoint', ...(await saveSearch(blobs, order.jobId, state)) })
    savedStep = state.step
    savedAt = performance.now()
  }
}

const mean = (losses: readonly number[]): number => losses.reduce((sum, value) => sum + value, 0) / losses.length
