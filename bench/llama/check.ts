import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type GgufType, ggufTypes } from '../../engine/formats/gguf.ts'
import { awkwardTexts } from '../exports/awkward-texts.ts'
import { ternaryModel, tokenizerOf, trainedModel } from '../exports/models.ts'
import { heldOut, text } from '../exports/text.ts'
import { compare } from './comparison.ts'
import { openLlamaCpp } from './llama-cpp.ts'

/**
 * `npm run check:llama [-- --json]`: our GGUF files in llama.cpp itself. Its tokens must be ours, and at F32 its logits
 * within 1e-3 and its greedy continuation; at every type, how likely it finds a text. It fails where they are not.
 */
const lossTolerance: Readonly<Record<GgufType, number>> = {
  f32: 1e-4,
  f16: 5e-3,
  q8_0: 2e-2,
  q4_0: 0.25,
  // The weights are exact, but llama.cpp multiplies them with activations of 8 bits.
  tq1_0: 2e-2,
  tq2_0: 2e-2,
}

const folder = await mkdtemp(join(tmpdir(), 'forge-llama-'))
await using open = new AsyncDisposableStack()
open.defer(() => rm(folder, { recursive: true }))
const llama = open.use(await openLlamaCpp({ threads: 1 }))
const tokenizer = tokenizerOf(text)
const models = { trained: await trainedModel(text, tokenizer, 80), ternary: ternaryModel(tokenizer) }

const results = []
for (const type of ggufTypes) {
  const model = type.startsWith('tq') ? models.ternary : models.trained
  const found = await compare(llama, model, { type, path: join(folder, `${type}.gguf`), text: heldOut })
  const isExact = type !== 'f32' || (found.sameGreedyTokens === found.greedyTokens && found.maxLogitDifference < 1e-3)
  const isRight = found.sameTokens === awkwardTexts.length && Math.abs(found.lossDifference) < lossTolerance[type]
  results.push({ ...found, texts: awkwardTexts.length, tolerance: lossTolerance[type], passes: isExact && isRight })
}
if (process.argv.includes('--json')) console.log(JSON.stringify({ name: 'check:llama', results }, null, 2))
else console.table(results)
process.exitCode = results.every(({ passes }) => passes) ? 0 : 1
