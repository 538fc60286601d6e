import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { huggingFaceFiles } from '../../../../engine/formats/huggingface.ts'
import { initialParameters } from '../../../../engine/models/llama-parameters.ts'
import { trainTokenizer } from '../../../../engine/tokenizing/training.ts'
import { openFileBlobs } from '../../../../kernel/blobs/files.ts'
import type { Loadable } from '../../../../subgraphs/models/generation/ports.ts'
import { type GeneratorsOptions, openGenerators } from '../../../../subgraphs/models/generators/generators.ts'
import { until } from '../../../support/condition.ts'

let folder: string
let model: Loadable
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forge-generators-'))
  model = await storeModel('mv_1', 1)
})
afterAll(() => rm(folder, { recursive: true }))

/** A small model that has learned nothing, so that its text is noise, but always the same. */
async function storeModel(id: string, seed: number): Promise<Loadable> {
  const tokenizer = trainTokenizer('the whale the whale', { vocabularySize: 260, specialTokens: ['<|endoftext|>'] })
  const config = {
    vocabularySize: 260,
    width: 32,
    layers: 1,
    heads: 2,
    keyValueHeads: 1,
    feedForward: 32,
    contextLength: 16,
    ropeTheta: 10000,
    normEpsilon: 1e-5,
    tiedEmbeddings: true,
  }
  const blobs = await openFileBlobs(folder)
  const contents = Object.entries(huggingFaceFiles({ config, parameters: initialParameters(config, seed), tokenizer }))
  const files = await Promise.all(contents.map(async ([path, bytes]) => ({ path, ...(await blobs.put(bytes)) })))
  return { id, files }
}

const open = (change: Partial<GeneratorsOptions> = {}) =>
  openGenerators({
    blobs: { folder },
    executor: 'onnx',
    threads: 1,
    keptBytes: 1e9,
    idleMs: 60_000,
    limitMs: 60_000,
    queued: 8,
    ...change,
  })

const request = { prompt: 'the whale', maxTokens: 40, temperature: 1, seed: 7 }

describe('the processes that generate', { timeout: 60_000 }, () => {
  it('draw the same text for the same seed, another for another, and count its tokens', async () => {
    await using generators = open()
    const first = await generators.generate(model, request)
    const [again, other] = await Promise.all([
      generators.generate(model, request),
      generators.generate(model, { ...request, seed: 8 }),
    ])
    expect(again.text).toBe(first.text)
    expect(other.text).not.toBe(first.text)
    expect(first.finishReason === 'STOP' ? first.tokens < 40 : first.tokens === 40).toBe(true)
    expect(first.seconds).toBeGreaterThan(0)
  })

  it('begin with nothing when the prompt is empty', async () => {
    await using generators = open()
    expect(await generators.generate(model, { ...request, prompt: '', maxTokens: 3 })).toMatchObject({
      promptTokens: 0,
    })
  })

  it('take turns when more models are asked for than are kept', async () => {
    await using generators = open({ keptBytes: 1 })
    const second = await storeModel('mv_2', 2)
    const a = await generators.generate(model, request)
    const b = await generators.generate(second, request)
    expect(b.text).not.toBe(a.text)
    expect((await generators.generate(model, request)).text).toBe(a.text)
  })

  it('pass the text on as it grows, stop before a stop, and at once when nobody listens any more', async () => {
    await using generators = open()
    const pieces: string[] = []
    const whole = await generators.generate(model, request, { onText: piece => pieces.push(piece) })
    expect(pieces.join('')).toBe(whole.text)
    expect(pieces.length).toBeGreaterThan(5)

    const stop = whole.text.slice(10, 12)
    const cut = await generators.generate(model, { ...request, stop: [stop] })
    expect(cut).toMatchObject({ text: whole.text.slice(0, whole.text.indexOf(stop)), finishReason: 'STOP' })
    expect(cut.tokens).toBeLessThan(whole.tokens)

    const leaving = new AbortController()
    const endless = { ...request, maxTokens: 100_000 }
    const left = generators.generate(model, endless, { signal: leaving.signal, onText: () => leaving.abort() })
    await expect(left).rejects.toMatchObject({ name: 'AbortError' })
    expect((await generators.generate(model, request)).text).toBe(whole.text)
  })

  it('refuse what would wait behind too many others', async () => {
    await using generators = open({ queued: 1 })
    const first = generators.generate(model, request)
    await expect(generators.generate(model, request)).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' })
    await first
  })

  it('stop what takes too long, and start anew for the next', async () => {
    await using generators = open({ limitMs: 1 })
    await expect(generators.generate(model, request)).rejects.toMatchObject({ code: 'TIMEOUT' })
    await expect(generators.generate(model, request)).rejects.toMatchObject({ code: 'TIMEOUT' })
  })

  it('say which file is missing, and load again when asked again', async () => {
    await using generators = open()
    const files = model.files.filter(({ path }) => path !== 'tokenizer.json')
    await expect(generators.generate({ ...model, files }, request)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('tokenizer.json is missing'),
    })
    expect(await generators.generate(model, request)).toMatchObject({ promptTokens: expect.any(Number) })
  })

  it('end when unused for a while, and with their owner', async () => {
    const children = () => process.getActiveResourcesInfo().filter(name => name === 'ProcessWrap').length
    await until('the processes of the tests before end', () => children() === 0)
    {
      await using generators = open({ idleMs: 1 })
      await generators.generate(model, request)
      await until('the unused process ends', () => children() === 0)

      await using others = open()
      await others.generate(model, request)
      expect(children()).toBe(1)
    }
    await until('the process of the closed owner ends', () => children() === 0)
  })
})
