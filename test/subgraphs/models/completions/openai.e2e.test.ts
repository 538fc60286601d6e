import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectForge, type Forge } from '../../../../client/forge.ts'
import { huggingFaceFiles } from '../../../../engine/formats/huggingface.ts'
import { initialParameters } from '../../../../engine/models/llama-parameters.ts'
import { END_OF_TEXT } from '../../../../engine/tokenizing/tokenizer.ts'
import { trainTokenizer } from '../../../../engine/tokenizing/training.ts'
import { startGateway } from '../../../../gateway/main.ts'
import { readEnv } from '../../../../kernel/env.ts'
import { startModels } from '../../../../subgraphs/models/main.ts'
import { sample } from '../../../engine/tokenizing/sample.ts'
import { freePort } from '../../../support/processes.ts'
import { scratchDatabase } from '../../../support/scratch.ts'
import { silentLog } from '../../../support/silent-log.ts'

const open = new AsyncDisposableStack()
let forge: Forge
let openai: OpenAI
let url: string
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'forge-openai-'))
  open.defer(() => rm(folder, { recursive: true }))
  const port = await freePort()
  url = `http://127.0.0.1:${port}`
  const shared = { FORGE_DATA: folder, FORGE_AUTH: 'off', GATEWAY_URL: url, FORGE_EXECUTOR: 'onnx' }
  const database = {
    MODELS_DATABASE_URL: open.use(await scratchDatabase()).url,
    BUS_URL: open.use(await scratchDatabase()).url,
  }
  const models = open.use(await startModels(readEnv({ ...shared, ...database, PORT: '0' }), silentLog))
  const env = readEnv({ ...shared, PORT: String(port), MODELS_URL: `${models.url}/graphql` })
  open.use(await startGateway(env, { log: silentLog }))

  const tokenizer = trainTokenizer(sample, { vocabularySize: 300, specialTokens: [END_OF_TEXT] })
  const config = {
    vocabularySize: 304,
    width: 16,
    layers: 1,
    heads: 2,
    keyValueHeads: 1,
    feedForward: 32,
    contextLength: 32,
    ropeTheta: 10000,
    normEpsilon: 1e-5,
    tiedEmbeddings: true,
  }
  forge = open.use(connectForge({ url, apiKey: 'any' }))
  await forge.importFiles('whale', huggingFaceFiles({ config, parameters: initialParameters(config, 3), tokenizer }), {
    from: 'test',
  })
  openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'any', maxRetries: 0 })
}, 60_000)
afterAll(() => open.disposeAsync())

const asked = { model: 'whale/1', max_tokens: 30, seed: 7, temperature: 1 }
const messages = [{ role: 'user' as const, content: 'Call me Ishmael.' }]

describe('OpenAI’s client, through the gateway', { timeout: 60_000 }, () => {
  it('chats, whole and as a stream, with the same text for the same seed', async () => {
    const whole = await openai.chat.completions.create({ ...asked, messages })
    const [choice] = whole.choices
    expect(whole.object).toBe('chat.completion')
    expect(choice!.message.role).toBe('assistant')
    expect(['stop', 'length']).toContain(choice!.finish_reason)
    expect(whole.usage!.prompt_tokens).toBeGreaterThan(5)

    const stream = await openai.chat.completions.create({
      ...asked,
      messages,
      stream: true,
      stream_options: { include_usage: true },
    })
    const chunks = await Array.fromAsync(stream)
    expect(chunks.map(chunk => chunk.choices[0]?.delta.content ?? '').join('')).toBe(choice!.message.content)
    expect(chunks.length).toBeGreaterThan(5)
    expect(chunks.at(-2)!.choices[0]!.finish_reason).toBe(choice!.finish_reason)
    expect(chunks.at(-1)!.usage).toEqual(whole.usage)
  })

  it('completes a text, and stops before a stop', async () => {
    const whole = await openai.completions.create({ ...asked, prompt: 'the whale' })
    const stop = whole.choices[0]!.text.slice(8, 10)
    const stream = await openai.completions.create({ ...asked, prompt: 'the whale', stop, stream: true })
    const chunks = await Array.fromAsync(stream)
    const text = chunks.map(chunk => chunk.choices[0]?.text ?? '').join('')
    expect(text).toBe(whole.choices[0]!.text.slice(0, whole.choices[0]!.text.indexOf(stop)))
    expect(chunks.at(-1)!.choices[0]!.finish_reason).toBe('stop')
  })

  it('ends a generation when it leaves', async () => {
    const started = performance.now()
    const stream = await openai.completions.create({ ...asked, max_tokens: 2048, prompt: 'the', stream: true })
    for await (const _ of stream) break
    // The process that generates is free for the next at once.
    await openai.completions.create({ ...asked, max_tokens: 1, prompt: 'the' })
    expect(performance.now() - started).toBeLessThan(10_000)
  })

  it('lists what may be asked, and finds one by any reference', async () => {
    await forge.request('mutation { setAlias(input: { ref: "whale/1", alias: "champion" }) { id } }', {})
    const { data } = await openai.models.list()
    expect(data.map(({ id }) => id)).toEqual(['whale', 'whale@champion'])
    expect(data[0]).toMatchObject({ object: 'model', owned_by: 'default', created: expect.any(Number) })
    for (const { id } of data) expect(await openai.models.retrieve(id)).toEqual(data.find(listed => listed.id === id))
    expect(await openai.models.retrieve('whale/1')).toEqual({ ...data[0], id: 'whale/1' })
    await expect(openai.models.retrieve('nobody')).rejects.toMatchObject({ status: 404, code: 'NOT_FOUND' })
    await expect(openai.embeddings.create({ model: 'whale', input: 'a' })).rejects.toMatchObject({
      status: 404,
      message: expect.stringContaining('/v1/embeddings is not served'),
    })
  })

  it('takes the defaults that SDKs send, and says nothing of fields that change nothing', async () => {
    const nothing = { n: 1, frequency_penalty: 0, presence_penalty: null, logit_bias: {}, user: 'somebody' }
    const whole = { ...asked, ...nothing, max_tokens: 1, echo: false, suffix: null, best_of: 1, logprobs: null }
    await openai.completions.create({ ...whole, prompt: 'a' })
    const chat = { ...nothing, response_format: { type: 'text' as const }, logprobs: false, tools: [], store: false }
    await openai.chat.completions.create({ ...asked, ...chat, max_tokens: 1, messages, metadata: { of: 'a test' } })
  })

  it.each([
    ['logit_bias', { '7': 1 }],
    ['presence_penalty', 0.5],
    ['frequency_penalty', -1],
    ['response_format', { type: 'json_object' }],
    ['logprobs', true],
    ['tools', [{ type: 'function', function: { name: 'f' } }]],
    ['n', 2],
    ['top_k', 5],
  ])('is refused %s, by its name', async (field, value) => {
    const refused = openai.chat.completions.create({ ...asked, messages, [field]: value } as never)
    await expect(refused).rejects.toMatchObject({
      status: 400,
      param: field,
      code: 'INVALID_INPUT',
      type: 'invalid_request_error',
      message: expect.stringMatching(`${field} cannot be used: .+`),
    })
  })

  it.each([
    [{ model: 'nobody/1' }, 404, /no model "nobody"/],
    [{ n: 2 }, 400, /n cannot be used: one answer a request/],
    [{ max_tokens: 100_000 }, 400, /maxTokens is 100000/],
    [{ temperature: -1 }, 400, /temperature is -1/],
    [{ stop: [''] }, 400, /stop/],
    [{ echo: true }, 400, /echo cannot be used/],
    [{ prompt: ['a', 'b'] }, 400, /prompt cannot be used: pass one text/],
  ])('is told what is wrong with %j', async (change, status, message) => {
    const refused = openai.completions.create({ ...asked, prompt: 'a', ...change } as never)
    await expect(refused).rejects.toMatchObject({ status, message: expect.stringMatching(message) })
  })
})

describe('a signed link, through the gateway', () => {
  it('opens its file for whoever has it, and nothing else', async () => {
    const { modelVersion } = await forge.request<{ modelVersion: { files: { path: string; link: string }[] } }, object>(
      '{ modelVersion(ref: "whale/1") { files { path link(seconds: 60) } } }',
      {},
    )
    const [{ link, path }] = modelVersion.files as [{ link: string; path: string }]
    const response = await fetch(`${url}${link}`, { headers: { range: 'bytes=0-3' } })
    expect([response.status, (await response.arrayBuffer()).byteLength]).toEqual([206, 4])
    expect((await fetch(`${url}${link.replace(path, 'tokenizer.json')}`)).status).toBe(403)
  })
})
