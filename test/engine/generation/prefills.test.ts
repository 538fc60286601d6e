import { expect, it } from 'vitest'
import { referenceExecutor } from '../../../engine/executors/reference.ts'
import { openDecoder } from '../../../engine/generation/decoder.ts'
import { prefillLength, prefills } from '../../../engine/generation/prefills.ts'
import { livelyParameters, tinyConfig, tokensFrom } from '../tiny-decoder.ts'

const config = { ...tinyConfig, contextLength: 40 }

it('reads a prompt with the next power of two from 16, at most the context', () => {
  expect([1, 16, 17, 32, 33, 40].map(tokens => prefillLength(config, tokens))).toEqual([16, 16, 32, 32, 40, 40])
})

it('makes one program a length', async () => {
  await using programs = prefills(referenceExecutor(), config)
  const { program, length } = await programs.forPrompt(3)
  expect(length).toBe(16)
  expect((await programs.forPrompt(9)).program).toBe(program)
  expect((await programs.forPrompt(30)).program).not.toBe(program)
})

it('goes on after a short prompt as after the same text read whole', async () => {
  await using decoder = await openDecoder(referenceExecutor(), config, livelyParameters(config, 3))
  const text = tokensFrom(5, 36)
  let reading = await decoder.prefill(text.subarray(0, 4))
  for (const token of text.subarray(4)) reading = await reading.read(token)
  using whole = await decoder.prefill(text)
  for (const [i, logit] of whole.logits.entries()) expect(reading.logits[i]).toBeCloseTo(logit, 4)
  reading[Symbol.dispose]()
})
