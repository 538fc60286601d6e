import type { Executor, Value } from '../../engine/executors/executor.ts'
import { type ReferenceValue, referenceExecutor } from '../../engine/executors/reference.ts'
import { graph, type Node, type Shape } from '../../engine/graph/graph.ts'
import type { LlamaConfig } from '../../engine/models/llama-config.ts'
import { initialParameters, parameterShapes } from '../../engine/models/llama-parameters.ts'
import { adamWDefaults } from '../../engine/optimizers/adamw.ts'
import { seededRandom } from '../../engine/random.ts'
import type { TrainerOptions } from '../../engine/training/options.ts'

/** Small enough for the reference executor, and with every kind of part: two layers, shared keys, an untied head. */
export const tinyConfig: LlamaConfig = {
  vocabularySize: 13,
  width: 16,
  layers: 2,
  heads: 4,
  keyValueHeads: 2,
  feedForward: 20,
  contextLength: 12,
  ropeTheta: 10000,
  normEpsilon: 1e-5,
  tiedEmbeddings: false,
}

/** Larger than at the start of a training, so that no part of the model is close to linear. */
export function livelyParameters(config: LlamaConfig, seed: number): Record<string, Float32Array> {
  const random = seededRandom(seed)
  const parameters = initialParameters(config, seed)
  for (const values of Object.values(parameters)) {
    for (let index = 0; index < values.length; index++) values[index] += 0.3 * random.normal()
  }
  return parameters
}

export function parameterValues(
  executor: Executor,
  config: LlamaConfig,
  parameters: Readonly<Record<string, Float32Array>>,
): Record<string, Value> {
  const shapes = Object.entries(parameterShapes(config))
  return Object.fromEntries(shapes.map(([name, shape]) => [name, executor.value(parameters[name], shape)]))
}

export function tokensFrom(seed: number, count: number, vocabularySize = tinyConfig.vocabularySize): Int32Array {
  const random = seededRandom(seed)
  return Int32Array.from({ length: count }, () => random.integer(vocabularySize))
}

/** A short training of the tiny decoder; 20 steps of it take well under a second on any executor. */
export function tinyOptions(change: Partial<TrainerOptions> = {}): TrainerOptions {
  return {
    model: tinyConfig,
    batch: 2,
    context: 8,
    accumulation: 1,
    seed: 3,
    optimizer: adamWDefaults,
    schedule: { peak: 1e-2, floor: 1e-3, warmUp: 2, steps: 40 },
    clip: 1,
    ...change,
  }
}

/** The outputs of a graph in float64, given its inputs' numbers. */
export async function evaluate(
  outputs: Record<string, Node>,
  feeds: Record<string, { data: Float64Array | Float32Array | Int32Array; shape: Shape }>,
): Promise<Record<string, number[]>> {
  const executor = referenceExecutor()
  await using program = await executor.compile(graph(outputs))
  const values = Object.entries(feeds).map(([name, { data, shape }]) => [name, executor.value(data, shape)] as const)
  const found = await program.run(Object.fromEntries(values))
  return Object.fromEntries(Object.entries(found).map(([name, value]) => [name, [...(value as ReferenceValue).exact]]))
}

export const scalar = (value: number) => ({ data: Float64Array.of(value), shape: [] })
export const vector = (...values: number[]) => ({ data: Float64Array.from(values), shape: [values.length] })
