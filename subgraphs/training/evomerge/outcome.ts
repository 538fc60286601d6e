import { CONFIG, type Files, huggingFaceFiles } from '../../../engine/formats/huggingface.ts'
import { parameterCount } from '../../../engine/models/llama-parameters.ts'
import { bootstrapMean, type Interval } from '../../../engine/search/bootstrap.ts'
import type { Blobs } from '../../../kernel/blobs/blobs.ts'
import type { Completion } from '../attempts/attempt.ts'
import { mergedAt, type Relatives, type Weights } from './candidates.ts'
import type { EvoMergeConfig } from './config.ts'
import { allLayers, withLayers } from './layers.ts'
import type { Material } from './material.ts'
import { spaceOf } from './methods.ts'
import type { Best, Member, Merge, SearchState } from './state.ts'

/** In the folder of the version: how it was found, and what it is worth. */
const REPORT = 'evomerge.json'

type Searched = Pick<SearchState, 'best' | 'parentLosses' | 'evaluations'> & { readonly front?: readonly Member[] }

/** Judges what the search has found on text that decided nothing; `testLosses` is told how many layers the weights are of. */
export async function reportOf(
  config: EvoMergeConfig,
  material: Material,
  { best, parentLosses, evaluations, front }: Searched,
  testLosses: (weights: Weights, layers: number) => Promise<readonly number[]>,
) {
  const { found } = best
  const { relatives, tokenizer } = material
  const winner = weightsOf(config, relatives, found)
  const model = withLayers(config.model, layersOf(config, found))

  const ofWinner = await testLosses(winner, model.layers)
  const ofParents: (readonly number[])[] = []
  for (const weights of relatives.parents) ofParents.push(await testLosses(weights, config.model.layers))
  const means = ofParents.map(mean)
  // The best there, which nobody knew before: the harder to beat.
  const rival = means.indexOf(Math.min(...means))
  const gain = bootstrapMean(
    ofWinner.map((loss, batch) => ofParents[rival]![batch]! - loss),
    config.seed,
  )
  const metrics = {
    validation_loss: best.loss,
    test_loss: mean(ofWinner),
    best_parent_test_loss: means[rival]!,
    test_gain: gain.mean,
    test_gain_low: gain.low,
    test_gain_high: gain.high,
  }
  const copyOf = 'parent' in found ? config.parents[found.parent]!.ref : null
  const report = {
    verdict: copyOf ? copyNotice(copyOf) : verdict(gain, config.parents[rival]!.ref),
    copyOf,
    winner: described(config, found),
    parents: config.parents.map(({ ref, id }, parent) => ({
      ref,
      id,
      fitnessLoss: parentLosses[parent],
      testLoss: means[parent],
    })),
    base: config.base?.ref ?? null,
    evaluations,
    testBatches: material.test.length,
    ...metrics,
    ...(front && { objectives: config.objectives, front: await judged(front) }),
  }
  return {
    metrics,
    report,
    /** What a reader of the job's log should not overlook. */
    notice: copyOf && copyNotice(copyOf),
    async store(blobs: Blobs): Promise<Omit<Completion, 'step' | 'stopReason'>> {
      const files: Files = {
        ...huggingFaceFiles({ config: model, parameters: winner, tokenizer }),
        [REPORT]: new TextEncoder().encode(`${JSON.stringify(report, null, 2)}\n`),
      }
      const stored = Object.entries(files).map(async ([path, bytes]) => ({ path, ...(await blobs.put(bytes)) }))
      const relations = [...config.parents, ...(config.base ? [config.base] : [])].map(({ id }) => id)
      return {
        parameterCount: parameterCount(model),
        architecture: { kind: 'llama', ...JSON.parse(new TextDecoder().decode(files[CONFIG])) },
        files: await Promise.all(stored),
        metrics: Object.entries(metrics).map(([name, value]) => ({ name, value })),
        parents: [...new Set(relations)],
        report,
      }
    },
  }

  /** One after the other: of all merges only one is in memory. */
  async function judged(members: readonly Member[]) {
    const reports: object[] = []
    for (const { found, loss, sizeBytes, latencyMs } of members) {
      const weights = weightsOf(config, relatives, found)
      const testLoss = mean(await testLosses(weights, layersOf(config, found).length))
      reports.push({ ...described(config, found), fitnessLoss: loss, testLoss, sizeBytes, latencyMs })
    }
    return reports
  }
}

const layersOf = ({ model }: EvoMergeConfig, found: Best['found']): readonly number[] =>
  'parent' in found ? allLayers(model) : (found.layers ?? allLayers(model))

const weightsOf = (config: EvoMergeConfig, relatives: Relatives, found: Best['found']): Weights =>
  'parent' in found
    ? relatives.parents[found.parent]!
    : mergedAt(relatives, found.method, spaceOf(config, found.method), found.point, layersOf(config, found))

const described = (config: EvoMergeConfig, found: Best['found']) =>
  'parent' in found ? { parent: config.parents[found.parent]!.ref } : recipeOf(config, found)

/** The values of every tensor that it was merged with, said once for all that share them. */
function recipeOf(config: EvoMergeConfig, { method, point, layers }: Merge) {
  const space = spaceOf(config, method)
  const groups = Array.from({ length: config.groups }, (_, group) => {
    const layer = Math.ceil((group * config.model.layers) / config.groups)
    return { fromLayer: layer, ...space.valuesAt(point, `model.layers.${layer}.`) }
  })
  return { method, seed: config.seed, groups, ...(layers && { layers }) }
}

const copyNotice = (parent: string): string =>
  `No merge was better than its best parent ${parent} on the text that decides: the version is a copy of ${parent}.`

/** One sentence, in the words of a test at 95 %. */
function verdict({ mean: gain, low, high }: Interval, parent: string): string {
  const interval = `95 % interval of the difference ${low.toFixed(4)} to ${high.toFixed(4)} nats a token`
  if (low > 0) return `The winner beats its best parent ${parent} on the test data by ${gain.toFixed(4)} (${interval}).`
  return `The winner does not beat its best parent ${parent} on the test data (${interval}).`
}

const mean = (losses: readonly number[]): number => losses.reduce((sum, value) => sum + value, 0) / losses.length
