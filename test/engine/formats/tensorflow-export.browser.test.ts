import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { storedModel } from '../../../engine/formats/pretrained.ts'
import { tensorflowFiles } from '../../../engine/formats/tensorflow-export.ts'
import { input } from '../../../engine/graph/graph.ts'
import { logits } from '../../../engine/models/llama.ts'
import { parameterShapes } from '../../../engine/models/llama-parameters.ts'
import { END_OF_TEXT } from '../../../engine/tokenizing/tokenizer.ts'
import { trainTokenizer } from '../../../engine/tokenizing/training.ts'
import { evaluate, livelyParameters, tinyConfig, tokensFrom } from '../tiny-decoder.ts'
import { sample } from '../tokenizing/sample.ts'
import { tensorflowPage } from './tensorflow-page.ts'

const config = { ...tinyConfig, vocabularySize: 304 }
const parameters = livelyParameters(config, 4)
const tokenizer = trainTokenizer(sample, { vocabularySize: 300, specialTokens: [END_OF_TEXT] })
const ids = Array.from(tokensFrom(2, config.contextLength, config.vocabularySize))

/** Our logits in float64. */
async function ours(): Promise<ArrayLike<number>> {
  const shapes = parameterShapes(config)
  const nodes = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, input(name, shape)]))
  const found = await evaluate(
    { logits: logits(config, nodes, input('tokens', [1, ids.length], 'int32')) },
    {
      tokens: { data: Int32Array.from(ids), shape: [1, ids.length] },
      ...Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, { data: parameters[name]!, shape }])),
    },
  )
  return found.logits!
}

it('a TensorFlow.js export loads in a browser and computes our logits', { timeout: 90_000 }, async context => {
  if (spawnSync('chromium', ['--version']).error) return context.skip('it needs the program chromium')
  const files: Record<string, Uint8Array> = {}
  for await (const { path, parts } of tensorflowFiles(storedModel({ config, parameters, tokenizer }))) {
    files[path] = Buffer.concat(await Array.fromAsync(parts))
  }
  expect(Object.keys(files)).toEqual(expect.arrayContaining(['model.json', 'tokenizer.json', 'group1-shard1of1.bin']))

  await using page = await tensorflowPage(files, ids)
  const profile = await mkdtemp(join(tmpdir(), 'forge-chromium-'))
  const options = [
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    `--user-data-dir=${profile}`,
  ]
  const browser = spawn('chromium', [...options, page.url], { stdio: 'ignore' })
  try {
    const { error, logits: found } = await Promise.race([
      page.reported,
      once(browser, 'error').then(([error]) => Promise.reject(error)),
    ])
    expect(error).toBeUndefined()
    const expected = await ours()
    expect(found).toHaveLength(expected.length)
    const difference = found!.reduce((most, x, index) => Math.max(most, Math.abs(x - expected[index]!)), 0)
    expect(difference).toBeLessThan(1e-3)
  } finally {
    browser.kill('SIGKILL')
    await once(browser, 'exit')
    await rm(profile, { recursive: true, force: true, maxRetries: 5 })
  }
})
