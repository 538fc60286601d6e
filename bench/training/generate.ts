import { openExecutor } from '../../engine/executors/probe.ts'
import { openDecoder } from '../../engine/generation/decoder.ts'
import { initialParameters } from '../../engine/models/llama-parameters.ts'
import { median } from '../benchmark.ts'
import { GENERATED_TOKENS, type GenerateTimes, PROMPT_TOKENS, type Trial } from './trial.ts'

/** Greedy generations after a short prompt, one after the other. */
export async function measureGeneration({ executor: name, threads, model, rounds }: Trial): Promise<GenerateTimes> {
  const executor = await openExecutor(name, { threads })
  await using decoder = await openDecoder(executor, model, initialParameters(model, 42))
  const prompt = Int32Array.from({ length: PROMPT_TOKENS }, (_, index) => index)

  const firsts: number[] = []
  const rests: number[] = []
  for (let round = 0; round <= rounds; round++) {
    const began = performance.now()
    let first = Number.NaN
    for await (const _ of decoder.generate(prompt, { maxTokens: GENERATED_TOKENS, temperature: 0, seed: 1 })) {
      if (Number.isNaN(first)) first = performance.now()
    }
    if (round === 0) continue
    firsts.push((first - began) / 1000)
    rests.push((performance.now() - first) / 1000)
  }
  return { firstTokenSeconds: median(firsts), tokensPerSecond: (GENERATED_TOKENS - 1) / median(rests) }
}
