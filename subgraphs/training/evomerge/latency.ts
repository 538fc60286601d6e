import type { Executor } from '../../../engine/executors/executor.ts'
import { openDecoder } from '../../../engine/generation/decoder.ts'
import type { LlamaConfig } from '../../../engine/models/llama-config.ts'
import type { Weights } from './candidates.ts'

/** Readings that only warm up, and those that count. */
const warmUps = 16
const counted = 48

/** Milliseconds to read one more token with a cache, as every token of a generation is: the median of many. */
export async function measureLatency(executor: Executor, model: LlamaConfig, weights: Weights): Promise<number> {
  await using decoder = await openDecoder(executor, model, weights)
  const times: number[] = []
  while (times.length < warmUps + counted) {
    let reading = await decoder.prefill([0])
    try {
      // From a prompt of one token up to a full context, or as many as are wanted.
      for (let length = 1; length < model.contextLength && times.length < warmUps + counted; length++) {
        const began = performance.now()
        reading = await reading.read(0)
        times.push(performance.now() - began)
      }
    } finally {
      reading[Symbol.dispose]()
    }
  }
  const sorted = times.slice(warmUps).sort((one, other) => one - other)
  return sorted[sorted.length >> 1]!
}
