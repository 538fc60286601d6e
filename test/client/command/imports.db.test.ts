import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { huggingFaceFiles } from '../../../engine/formats/huggingface.ts'
import type { LlamaConfig } from '../../../engine/models/llama-config.ts'
import { END_OF_TEXT } from '../../../engine/tokenizing/tokenizer.ts'
import { trainTokenizer } from '../../../engine/tokenizing/training.ts'
import { close, listen } from '../../../kernel/serve.ts'
import { livelyParameters } from '../../engine/tiny-decoder.ts'
import { sample } from '../../engine/tokenizing/sample.ts'
import { type StoredForge, storedForge } from '../../subgraphs/models/stored-forge.ts'
import { command } from './screen.ts'

const config: LlamaConfig = {
  vocabularySize: 304,
  width: 16,
  layers: 1,
  heads: 2,
  keyValueHeads: 1,
  feedForward: 24,
  contextLength: 16,
  ropeTheta: 10000,
  normEpsilon: 1e-5,
  tiedEmbeddings: true,
}
const tokenizer = trainTokenizer(sample, { vocabularySize: 300, specialTokens: [END_OF_TEXT] })
const parameters = livelyParameters(config, 5)
const files = huggingFaceFiles({ config, parameters, tokenizer })

const open = new AsyncDisposableStack()
let forge: StoredForge
let url: string
let folder: string
beforeAll(async () => {
  forge = open.use(await storedForge())
  url = await forge.serve()
  folder = await mkdtemp(join(tmpdir(), 'forge-import-'))
  open.defer(() => rm(folder, { recursive: true }))
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes)
})
afterAll(() => open.disposeAsync())

const run = async (...words: string[]) => {
  const { status, stdout, stderr } = await command(url, '--json', 'models', ...words)
  return { failed: status, said: stdout || stderr }
}

describe('models import', () => {
  it('makes a version of a folder, signed with where it comes from, whose files are those of the folder', async () => {
    const { said } = await run('import', folder, 'brought')
    expect(JSON.parse(said)).toMatchObject({
      ref: 'brought/1',
      parameterCount: Object.values(parameters)
        .flat()
        .reduce((sum, data) => sum + data.length, 0),
    })
    const { data } = await forge.ask(
      '{ modelVersion(ref: "brought/1") { source job { id } seal { manifest } files { path } } }',
    )
    expect(data.modelVersion).toMatchObject({ source: folder.split('/').at(-1), job: null })
    expect(JSON.parse(data.modelVersion.seal.manifest).madeBy.import).toMatchObject({ by: 'key_1' })
    expect(data.modelVersion.files.map((file: { path: string }) => file.path)).toContain('tokenizer.json')
    expect(await forge.db.orphan.count()).toBe(0)
  })

  it('takes a model of the hub by its id', async () => {
    const hub = createServer((request, response) => {
      const name = request.url!.split('/').at(-1)!
      if (request.url === '/api/models/someone/whale?blobs=true') {
        return response.end(JSON.stringify({ siblings: Object.keys(files).map(rfilename => ({ rfilename })) }))
      }
      response.end(files[name])
    })
    const address = await listen(hub, '127.0.0.1', 0)
    const { said } = await run('import', 'someone/whale', 'hubbed', '--hub', address)
    await close(hub)
    expect(said).toContain('hubbed/1')
  })

  it('takes no more from the hub than it announced, whatever unpacks itself on the way', async () => {
    const bomb = gzipSync(Buffer.alloc(100_000_000))
    const hub = createServer((request, response) => {
      if (request.url!.startsWith('/api/')) {
        return response.end(JSON.stringify({ siblings: [{ rfilename: 'config.json', size: 700 }] }))
      }
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb)
    })
    const address = await listen(hub, '127.0.0.1', 0)
    const { failed, said } = await run('import', 'someone/bomb', 'refused', '--hub', address)
    await close(hub)
    expect([failed, said]).toEqual([1, expect.stringContaining('more than the 700 bytes')])
  })

  it.each(['./nowhere', '../nowhere'])(
    'takes %s for a folder that is missing, not for an id of the hub',
    async source => {
      const { failed, said } = await run('import', source, 'refused', '--hub', 'http://127.0.0.1:1')
      expect([failed, said]).toEqual([1, expect.stringContaining(`no folder ${source}`)])
    },
  )

  it('says that a hub cannot be reached', async () => {
    const { failed, said } = await run('import', 'someone/whale', 'refused', '--hub', 'http://127.0.0.1:1')
    expect([failed, said]).toEqual([1, expect.stringMatching(/UNAVAILABLE.*cannot be reached: import a folder/s)])
  })

  it.each([
    ['of llama.cpp', 'model.gguf', 'GGUF\u0003', /is GGUF, made for llama.cpp/],
    ['with the name of such a file only', 'model.gguf', 'FUGG\u0003', /no GGUF file, as it begins with \\?"FUGG/],
    ['that is an archive', 'model.zip', 'PK\u0003\u0004', /is a file: unpack it/],
  ])('refuses a file %s', async (_, name, content, message) => {
    const path = join(folder, name)
    await writeFile(path, content)
    const { failed, said } = await run('import', path, 'refused')
    await rm(path)
    expect([failed, said]).toEqual([1, expect.stringMatching(message)])
  })

  it.each([
    ['a folder that is none', 'nowhere', /no folder nowhere/],
    ['a model of another kind', 'gpt', /model_type/],
    ['weights that are cut off', 'cut', /its tensors end at byte/],
  ])('refuses %s and leaves the registry as it was', async (_, name, message) => {
    const bad = join(folder, name)
    if (name !== 'nowhere') {
      await rm(bad, { recursive: true, force: true })
      await mkdir(bad)
      for (const [file, bytes] of Object.entries(files)) await writeFile(join(bad, file), bytes)
      if (name === 'gpt') await writeFile(join(bad, 'config.json'), '{"model_type":"gpt2"}')
      else await writeFile(join(bad, 'model.safetensors'), files['model.safetensors']!.subarray(0, -4))
    }
    const before = await forge.db.version.count()
    const { failed, said } = await run('import', name === 'nowhere' ? 'nowhere' : bad, 'refused')
    expect(failed).toBe(1)
    expect(said).toMatch(message)
    expect(await forge.db.version.count()).toBe(before)
  })
})

describe('an upload', () => {
  const digest = `sha256:${'0'.repeat(64)}`
  it('of other bytes than it says is refused, and nothing of it is kept', async () => {
    const response = await fetch(`${url}/artifacts/blobs/${digest}`, { method: 'PUT', body: 'other bytes' })
    expect(response.status).toBe(400)
    expect(await response.text()).toMatch(/The bytes are sha256:[0-9a-f]{64}, not sha256:0000/)
    expect(await forge.blobs.find(digest)).toBeNull()
  })

  it('of bytes that somebody stored before does not let them be collected', async () => {
    const { digest } = await forge.blobs.put(Buffer.from('the text of a dataset'))
    const response = await fetch(`${url}/artifacts/blobs/${digest}`, { method: 'PUT', body: 'anything' })
    expect(response.status).toBe(201)
    expect(await forge.db.orphan.count({ where: { digest } })).toBe(0)
    expect(Buffer.from(await forge.blobs.bytes(digest)).toString()).toBe('the text of a dataset')
  })

  it('that is compressed is refused: nothing is unpacked here', async () => {
    const body = gzipSync(Buffer.alloc(1_000_000))
    const headers = { 'content-encoding': 'gzip' }
    const response = await fetch(`${url}/artifacts/blobs/${digest}`, { method: 'PUT', body, headers })
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('is compressed')])
  })

  it('under a name that climbs out of the store is refused', async () => {
    const response = await fetch(`${url}/artifacts/blobs/..%2F..%2Fetc`, { method: 'PUT', body: 'x' })
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('is no digest')])
  })
})
