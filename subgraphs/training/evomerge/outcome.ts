import { CONFIG, type Files, huggingFaceFiles } from '../../../engine/formats/huggingface.ts'
import { parameterCount } from '../../../engine/models/llama-parameters.ts'
import { bootstrapMean, type Interval } from '../../../engine/search/bootstrap.ts'
import type { Blobs } from '../../../kernel/blobs/blobs.ts'
import type { Completion } from '../attempts/attempt.ts'
import { mergedAt, type Weights } from './candidates.ts'
import type { EvoMergeConfig } from './config.ts'
import type { Material } from './material.ts'
import { spaceOf } from './methods.ts'
import type { SearchState } from './state.ts'

/** In the folder of the version: how it was found, and what it is worth. */
const REPORT = 'evomerge.json'

/** Judges what the search has found on text that decided nothing. */
export async function reportOf(
  config: EvoMergeConfig,
  material: Material,
  { best, parentLosses, evaluations }: SearchState,
  testLosses: (weights: Weights) => Promise<readonly number[]>,
) {
  const { found } = best
  const { relatives, tokenizer } = material
  const winner =
    'parent' in found
      ? relatives.parents[found.parent]!
      : mergedAt(relatives, found.method, spaceOf(config, found.method), found.point)

  const ofWinner = await testLosses(winner)
  const ofParents: (readonly number[])[] = []
  for (const weights of relatives.parents) ofParents.push(await testLosses(weights))
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
  const report = {
    verdict: verdict(gain, config.parents[rival]!.ref),
    winner: 'parent' in found ? { parent: config.parents[found.parent]!.ref } : winningMerge(config, found),
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
  }
  return {
    metrics,
    async store(blobs: Blobs): Promise<Omit<Completion, 'step' | 'stopReason'>> {
      const files: Files = {
        ...huggingFaceFiles({ config: config.model, parameters: winner, tokenizer }),
        [REPORT]: new TextEncoder().encode(`${JSON.stringify(report, null, 2)}\n`),
      }
      const stored = Object.entries(files).map(async ([path, bytes]) => ({ path, ...(await blobs.put(bytes)) }))
      const relations = [...config.parents, ...(config.base ? [config.base] : [])].map(({ id }) => id)
      return {
        parameterCount: parameterCount(config.model),
        architecture: { kind: 'llama', ...JSON.parse(new TextDecoder().decode(files[CONFIG])) },
        files: await Promise.all(stored),
        metrics: Object.entries(metrics).map(([name, value]) => ({ name, value })),
        parents: [...new Set(relations)],
      }
    },
  }
}

/** The values of every tensor that it was merged with, said once for all that share them. */
function winningMerge(config: EvoMergeConfig, { method, point }: { method: string; point: readonly number[] }) {
  const space = spaceOf(config, method)
  const groups = Array.from({ length: config.groups }, (_, group) => {
    const layer = Math.ceil((group * config.model.layers) / config.groups)
    return { fromLayer: layer, ...space.valuesAt(point, `model.layers.${layer}.`) }
  })
  return { method, seed: config.seed, groups }
}

/** One sentence, in the words of a test at 95 %. */
function verdict({ mean: gain, low, high }: Interval, parent: string): string {
  const interval = `95 % interval of the difference ${low.toFixed(4)} to ${high.toFixed(4)} nats a token`
  if (low > 0) return `The winner beats its best parent ${parent} on the test data by ${gain.toFixed(4)} (${interval}).`
  return `The winner does not beat its best parent ${parent} on the test data (${interval}).`
}

const mean = (losses: readonly number[]): number => losses.reduce((sum, value) => sum + value, 0) / losses.length
