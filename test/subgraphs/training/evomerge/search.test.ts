import { beforeAll, describe, expect, it } from 'vitest'
import { openExecutor } from '../../../../engine/executors/probe.ts'
import { readHuggingFace } from '../../../../engine/formats/huggingface.ts'
import { initialParameters, parameterShapes } from '../../../../engine/models/llama-parameters.ts'
import { adamWDefaults } from '../../../../engine/optimizers/adamw.ts'
import { trainingBatches } from '../../../../engine/training/batches.ts'
import { openTrainer } from '../../../../engine/training/trainer.ts'
import type { TrainerState } from '../../../../engine/training/training-state.ts'
import { mergedAt } from '../../../../subgraphs/training/evomerge/candidates.ts'
import type { EvoMergeConfig } from '../../../../subgraphs/training/evomerge/config.ts'
import { prepareMerge } from '../../../../subgraphs/training/evomerge/material.ts'
import { spaceOf } from '../../../../subgraphs/training/evomerge/methods.ts'
import { runEvoMerge } from '../../../../subgraphs/training/evomerge/search.ts'
import { startEvoMerge } from '../../../../subgraphs/training/evomerge/service.ts'
import type { FromTrainer, Order } from '../../../../subgraphs/training/trainer/protocol.ts'
import { identityOf } from '../memory.ts'
import { scratchCache, tokenParts } from '../token-cache.ts'
import { config, family, text, tokenizer } from './family.ts'

/** Some steps on batches of their own, from a common state: so the ways can be averaged. */
async function trained(dataSeed: number, steps: number, from?: TrainerState) {
  const executor = await openExecutor('onnx', { threads: 1 })
  const size = { batch: 4, context: 16 }
  const options = {
    ...size,
    model: config,
    accumulation: 1,
    seed: 5,
    optimizer: adamWDefaults,
    schedule: { peak: 5e-3, floor: 5e-3, warmUp: 2, steps: 1_000 },
    clip: 1,
  }
  await using trainer = await openTrainer(executor, options, from)
  const tokens = tokenizer.encode(text.slice(0, text.length * 0.9))
  const batches = trainingBatches(tokens, size, { seed: dataSeed })
  for (let step = 0; step < steps; step++) await trainer.train(batches.next())
  const weights = Object.fromEntries(Object.entries(trainer.parameters()).map(([name, data]) => [name, data.slice()]))
  return { weights, state: structuredClone(trainer.state()) }
}

let home: Awaited<ReturnType<typeof family>>
beforeAll(async () => {
  home = await family()
  const trunk = await trained(1, 100)
  await home.register('a', (await trained(2, 20, trunk.state)).weights)
  await home.register('b', (await trained(3, 20, trunk.state)).weights)
})

const cache = scratchCache()

async function search(settings: object, parents = ['a/1', 'b/1']) {
  const { parts } = home
  const job = await startEvoMerge(parts, identityOf(), {
    parents,
    settings: {
      generations: 6,
      population: 4,
      fitnessBatches: 10,
      testBatches: 5,
      checkpointSeconds: 1e-6,
      ...settings,
    },
  })
  const run = async (checkpoints: Order['checkpoints'] = [], stopAfter = Number.POSITIVE_INFINITY) => {
    const messages: FromTrainer[] = []
    let candidates = 0
    const order: Order = {
      kind: 'start',
      jobId: job.id,
      phase: 'EVOMERGE',
      config: job.config,
      dataset: job.datasetFingerprint,
      executor: 'onnx',
      threads: 1,
      checkpoints,
      recorded: {},
      blobs: { folder: '' },
      tokens: cache,
    }
    await runEvoMerge(order, {
      blobs: parts.blobs,
      store: bytes => parts.blobs.put(bytes),
      send: message => messages.push(message),
      shouldStop: () => candidates >= stopAfter,
      breathe: async () => {
        candidates++
      },
    })
    const points = messages.flatMap(message => (message.kind === 'points' ? message.points : []))
    const curve = (name: string) => points.filter(point => point.name === name).map(({ value }) => value)
    return { messages, curve, last: messages.at(-1)!, saved: messages.filter(message => message.kind === 'checkpoint') }
  }
  return { job, run }
}

const filesOf = (message: FromTrainer) => {
  if (message.kind !== 'completed') throw new Error(`ended with ${message.kind}`)
  return Object.fromEntries(message.files.map(({ path, digest }) => [path, digest]))
}

describe('runEvoMerge', () => {
  it('finds a merge that is no worse than the best parent, and says how it compares on other text', async () => {
    const { run } = await search({})
    const { last, curve } = await run()
    const best = curve('best_loss')
    expect(best).toHaveLength(7)
    for (const [step, loss] of best.entries()) if (step > 0) expect(loss).toBeLessThanOrEqual(best[step - 1]!)
    // Two ways from one beginning: their mean is better than either, which is why models are merged at all.
    expect(best.at(-1)).toBeLessThan(best[0]!)

    const files = filesOf(last)
    const report = JSON.parse(new TextDecoder().decode(await home.parts.blobs.bytes(files['evomerge.json']!)))
    expect(report.winner).toMatchObject({ method: 'linear' })
    expect(report.copyOf).toBeNull()
    expect(report.verdict).toMatch(report.test_gain_low > 0 ? /beats its best parent/ : /does not beat its best parent/)
    expect(report.test_gain).toBeCloseTo(report.best_parent_test_loss - report.test_loss, 6)
    expect(report.test_gain_low).toBeLessThanOrEqual(report.test_gain)
    expect(report.test_gain_high).toBeGreaterThanOrEqual(report.test_gain)
    expect(last).toMatchObject({ parents: ['mv_A', 'mv_B'] })

    const contents = Object.entries(files).map(async ([path, digest]) => [path, await home.parts.blobs.bytes(digest)])
    expect(readHuggingFace(Object.fromEntries(await Promise.all(contents))).config).toEqual(config)
  })

  it('goes on from a checkpoint to the same bytes, also when it was stopped within a generation', async () => {
    const { run } = await search({ methods: ['linear', 'slerp'], generations: 3 })
    const whole = await run()
    const half = await run([], 6)
    expect(half.last).toEqual({ kind: 'stopped', step: 1 })
    const { step, digest } = half.saved.at(-1)!
    const rest = await run([{ step, digest }])
    expect(filesOf(rest.last)).toEqual(filesOf(whole.last))
    expect(rest.curve('best_loss')).toEqual(whole.curve('best_loss').slice(2))
  })

  it('passes over a checkpoint that is broken', async () => {
    const { run } = await search({ generations: 1 })
    const { digest } = await home.parts.blobs.put(Buffer.from('torn'))
    const { messages, last } = await run([{ step: 1, digest }])
    expect(messages[0]).toMatchObject({ kind: 'warning' })
    expect(last.kind).toBe('completed')
  })

  it('lets a parent win where no merge is as good', async () => {
    await home.register('raw', initialParameters(config, 5))
    const { run } = await search({ generations: 1 }, ['raw/1', 'a/1'])
    const { messages, last, curve } = await run()
    expect(new Set(curve('best_loss')).size).toBe(1)
    const report = JSON.parse(new TextDecoder().decode(await home.parts.blobs.bytes(filesOf(last)['evomerge.json']!)))
    expect(report.winner.parent).toBe('a/1')
    expect(report.copyOf).toBe('a/1')
    expect(report.verdict).toMatch(/No merge was better than its best parent a\/1 .*: the version is a copy of a\/1/)
    expect(messages).toContainEqual({ kind: 'warning', message: report.verdict })
    const parent = await home.parts.versions.find('default', { id: 'mv_A' })
    expect(filesOf(last)['model.safetensors']).toBe(
      parent!.files.find(({ path }) => path === 'model.safetensors')!.digest,
    )
  })

  it('finds merges of fewer layers where size counts, and loses none that it has found', async () => {
    const { run } = await search({ objectives: ['LOSS', 'SIZE'], population: 8, generations: 4 })
    const { last, curve } = await run()
    for (const name of ['best_loss', 'least_size_bytes', 'least_latency_ms']) {
      const best = curve(name)
      expect(best).toHaveLength(5)
      for (const [step, value] of best.entries()) if (step > 0) expect(value, name).toBeLessThanOrEqual(best[step - 1]!)
    }
    if (last.kind !== 'completed') throw new Error(last.kind)
    const report = JSON.parse(new TextDecoder().decode(await home.parts.blobs.bytes(filesOf(last)['evomerge.json']!)))
    expect(last.report).toEqual(report)
    // Of two layers the lowest loss wins; of one layer a merge remains, for it is smaller.
    const [best, smallest] = report.front
    expect(report.front).toHaveLength(2)
    expect(report.winner).toMatchObject({ method: 'linear', layers: [0, 1] })
    expect(best).toMatchObject({ ...report.winner, fitnessLoss: report.validation_loss, testLoss: report.test_loss })
    expect(smallest.layers).toHaveLength(1)
    expect(smallest.fitnessLoss).toBeGreaterThan(best.fitnessLoss)
    // 280·16 of the embedding, 4·16² + 3·16·24 + 2·16 of a layer, and the last norm.
    expect([best.sizeBytes, smallest.sizeBytes]).toEqual([4 * (4480 + 2 * 2208 + 16), 4 * (4480 + 2208 + 16)])
    expect(last.parameterCount * 4).toBe(best.sizeBytes)
    for (const { latencyMs } of report.front) expect(latencyMs).toBeGreaterThan(0)
  })

  it('searches a front from a checkpoint on to the same bytes', async () => {
    const settings = { objectives: ['LOSS', 'SIZE'], methods: ['linear', 'slerp'], generations: 2 }
    const { run } = await search(settings)
    const whole = await run()
    const half = await run([], 6)
    expect(half.last).toEqual({ kind: 'stopped', step: 1 })
    const { step, digest } = half.saved.at(-1)!
    const rest = await run([{ step, digest }])
    expect(filesOf(rest.last)['model.safetensors']).toBe(filesOf(whole.last)['model.safetensors'])
    expect(rest.curve('best_loss')).toEqual(whole.curve('best_loss').slice(2))
  })

  it('merges of the layers that it passes through what it merges of all', async () => {
    const { job } = await search({ objectives: ['LOSS', 'SIZE', 'LATENCY'] })
    const merge = job.config as EvoMergeConfig
    const { relatives } = (await prepareMerge(tokenParts(home.parts.blobs, cache), merge, job.datasetFingerprint))!
    const space = spaceOf(merge, 'linear')
    const [all, second] = [undefined, [1]].map(layers => mergedAt(relatives, 'linear', space, space.start, layers))
    const names = Object.keys(second!)
    expect(names).toEqual(Object.keys(parameterShapes({ ...config, layers: 1 })))
    for (const name of names) expect(second![name]).toEqual(all![name.replace('layers.0.', 'layers.1.')])
  })

  it('judges on text that neither training nor search has seen', async () => {
    const { job } = await search({})
    const config = job.config as EvoMergeConfig
    const { fitness, test } = (await prepareMerge(tokenParts(home.parts.blobs, cache), config, job.datasetFingerprint))!
    const windows = (batches: typeof test) =>
      batches.flatMap(({ inputs }) =>
        Array.from({ length: inputs.length / 16 }, (_, row) =>
          tokenizer.decode(inputs.subarray(row * 16, row * 16 + 16)),
        ),
      )
    const [deciding, testing] = [windows(fitness), windows(test)]
    expect(testing.length).toBeGreaterThan(0)
    expect(deciding.filter(window => testing.includes(window))).toEqual([])
    const seen = text.slice(0, text.length * 0.89)
    for (const window of [...deciding, ...testing]) expect(seen).not.toContain(window)
  })
})
