import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gguf } from '@huggingface/gguf'
import { InferenceSession } from 'onnxruntime-node'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { huggingFaceFiles, readHuggingFace } from '../../../engine/formats/huggingface.ts'
import { trainTokenizer } from '../../../engine/tokenizing/training.ts'
import { close, listen } from '../../../kernel/serve.ts'
import { livelyParameters, tinyConfig } from '../../engine/tiny-decoder.ts'
import { command } from './screen.ts'

const config = { ...tinyConfig, vocabularySize: 257 }
const tokenizer = trainTokenizer('', { vocabularySize: 257, specialTokens: ['<|endoftext|>'] })
const model = { config, parameters: livelyParameters(config, 3), tokenizer }
const contents: Record<string, Uint8Array> = { ...huggingFaceFiles(model) }

const sha256 = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const describedFiles = (files: typeof contents) =>
  Object.entries(files).map(([path, bytes]) => ({
    path,
    sizeBytes: bytes.length,
    digest: sha256(bytes),
    url: `/artifacts/mv_1/${path}`,
  }))
const described = describedFiles(contents)

describe('taking a model elsewhere', () => {
  let served = contents
  let altered = false
  let isAway = false
  const server = createServer((request, response) => {
    const files = describedFiles(served)
    if (request.url === '/graphql') {
      const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0)
      const version = { id: 'mv_1', ref: 'whale/1', number: 1, model: { name: 'whale' }, sizeBytes, files }
      return response.end(JSON.stringify({ data: { modelVersion: version } }))
    }
    if (isAway) return response.destroy()
    const file = files.find(({ url }) => url === request.url)!
    const bytes = Buffer.from(served[file.path]!)
    if (altered) bytes[0]! ^= 1
    return response.writeHead(200, { etag: `"${file.digest}"`, 'content-length': bytes.length }).end(bytes)
  })
  let url: string
  let folder: string
  beforeAll(async () => {
    url = await listen(server, '127.0.0.1', 0)
  })
  afterAll(() => close(server))
  beforeEach(async () => {
    served = contents
    altered = isAway = false
    folder = await mkdtemp(join(tmpdir(), 'forge-export-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  const models = (...words: string[]) => command(url, 'models', ...words)
  const loaded = async () =>
    readHuggingFace(
      Object.fromEntries(
        await Promise.all(described.map(async ({ path }) => [path, await readFile(join(folder, path))] as const)),
      ),
    )

  it('downloads the files, and lists them for people and machines', async () => {
    const { status, lines } = await models('download', 'whale/1', folder)
    expect(status).toBe(0)
    expect(lines).toHaveLength(6)
    expect((await loaded()).parameters).toEqual(model.parameters)

    const again = await models('download', 'whale@latest', folder, '--json')
    expect(JSON.parse(again.stdout)).toMatchObject({
      id: 'mv_1',
      ref: 'whale/1',
      folder,
      files: described.map(({ path, digest }) => ({ path, digest })),
    })
  })

  it('fails, and keeps nothing, where a byte was altered on the way', async () => {
    altered = true
    const { status, stderr } = await models('download', 'whale/1', folder)
    expect([status, stderr]).toEqual([1, expect.stringContaining('arrived altered')])
    expect(await readdir(folder)).toEqual([])
  })

  it('exports safetensors as they are stored', async () => {
    expect((await models('export', 'whale/1', folder, '--format', 'safetensors')).status).toBe(0)
    expect((await loaded()).parameters).toEqual(model.parameters)
  })

  it('exports GGUF, with the numbers stored as asked', async () => {
    const { status, stdout } = await models('export', 'whale/1', folder, '--format', 'gguf', '--type', 'f16', '--json')
    expect(status).toBe(0)
    const [file] = JSON.parse(stdout).files
    expect(await readdir(folder)).toEqual(['whale-1-F16.gguf'])
    expect(file).toMatchObject({ path: 'whale-1-F16.gguf', digest: sha256(await readFile(join(folder, file.path))) })
    const { metadata } = await gguf(join(folder, file.path), { allowLocalFile: true })
    expect(metadata).toMatchObject({ 'general.name': 'whale/1', 'general.file_type': 1 })
  })

  it('exports ONNX that ONNX Runtime loads', async () => {
    expect((await models('export', 'whale/1', folder, '--format', 'onnx')).status).toBe(0)
    expect((await readdir(folder, { recursive: true })).sort()).toEqual([
      'config.json',
      'generation_config.json',
      'onnx',
      'onnx/model.onnx',
      'tokenizer.json',
      'tokenizer_config.json',
    ])
    const session = await InferenceSession.create(join(folder, 'onnx/model.onnx'))
    expect(session.outputNames).toContain('present.1.value')
    await session.release()
  })

  it('keeps nothing of what it cannot convert, and what it can go on from', async () => {
    served = { ...contents, 'config.json': new TextEncoder().encode('{}') }
    const refused = await models('export', 'whale/1', folder, '--format', 'gguf')
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('config.json') })
    expect(await readdir(folder)).toEqual([])

    altered = true
    const wrong = await models('export', 'whale/1', folder, '--format', 'gguf')
    expect(wrong).toMatchObject({ status: 1, stderr: expect.stringContaining('arrived altered') })
    expect(await readdir(folder)).toEqual([])
    altered = false

    isAway = true
    const cutOff = await models('export', 'whale/1', folder, '--format', 'gguf')
    expect(cutOff).toMatchObject({ status: 1, stderr: expect.stringContaining('UNAVAILABLE') })
    expect(await readdir(folder)).toEqual(['.download'])
  })

  it.each([
    ['no format', [], 2, '--format'],
    ['an unknown format', ['--format', 'tarot'], 2, 'tarot'],
    ['an unknown type', ['--format', 'gguf', '--type', 'q99'], 2, 'q99'],
    ['a type where there is none', ['--format', 'onnx', '--type', 'f16'], 1, '--type'],
  ])('says what is wrong with %s', async (_what, options, status, named) => {
    const failed = await models('export', 'whale/1', folder, ...options)
    expect(failed.status).toBe(status)
    expect(failed.stderr).toContain(named)
  })

  it('says in a sentence what the disk refuses', async () => {
    const file = join(folder, 'file')
    await writeFile(file, '')
    const { status, stderr } = await models('download', 'whale/1', file)
    expect([status, stderr]).toEqual([1, expect.stringMatching(/^INVALID_INPUT: A file can't be used/)])
  })
})
