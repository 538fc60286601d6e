import { describe, expect, it } from 'vitest'
import { ggufParts } from '../../../engine/formats/gguf.ts'
import { huggingFaceFiles, huggingFaceParts } from '../../../engine/formats/huggingface.ts'
import { onnxFiles } from '../../../engine/formats/onnx-export.ts'
import { type FileParts, type StoredModel, storedModel } from '../../../engine/formats/pretrained.ts'
import { tensorflowFiles } from '../../../engine/formats/tensorflow-export.ts'
import type { LlamaConfig } from '../../../engine/models/llama-config.ts'
import { initialParameters, parameterCount, parameterShapes } from '../../../engine/models/llama-parameters.ts'
import { trainTokenizer } from '../../../engine/tokenizing/training.ts'
import { tinyConfig } from '../tiny-decoder.ts'

const tokenizer = trainTokenizer('', { vocabularySize: 257, specialTokens: ['<|endoftext|>'] })
/** Some 5 MB, of which no parameter is more than one. */
const config: LlamaConfig = { ...tinyConfig, vocabularySize: 260, width: 192, feedForward: 1024 }
const parameters = initialParameters(config, 3)
const largest = Math.max(...Object.values(parameters).map(data => data.byteLength))

const formats: Record<string, (model: StoredModel) => Iterable<FileParts> | AsyncIterable<FileParts>> = {
  safetensors: huggingFaceParts,
  gguf: model => [{ path: 'model.gguf', parts: ggufParts(model, { name: 'whale', type: 'f32' }) }],
  onnx: onnxFiles,
  tfjs: tensorflowFiles,
}

describe.each(Object.entries(formats))('an export as %s', (name, filesOf) => {
  it('reads a parameter only when what came before it is written', async () => {
    const inMemory = storedModel({ config, parameters, tokenizer })
    let [read, written] = [0, 0]
    const files = filesOf({
      ...inMemory,
      async read(parameter) {
        const data = await inMemory.read(parameter)
        // A shard of TensorFlow.js has 4 MiB: it is written when it is full.
        expect(read - written).toBeLessThanOrEqual(name === 'tfjs' ? 4 * 1024 * 1024 : 0)
        read += data.byteLength
        return data
      },
    })
    for await (const { parts } of files) for await (const part of parts) written += part.length
    expect(read).toBe(4 * parameterCount(config))
    expect(largest).toBeLessThan(read / 4)
  })
})

it('safetensors in parts are the file that is written whole', async () => {
  const whole = huggingFaceFiles({ config, parameters, tokenizer })
  const files = [...huggingFaceParts(storedModel({ config, parameters, tokenizer }))]
  expect(files.map(({ path }) => path).sort()).toEqual(Object.keys(whole).sort())
  for (const { path, parts } of files) {
    expect(Buffer.concat(await Array.fromAsync(parts)).equals(whole[path]!), path).toBe(true)
  }
})

it('a TensorFlow.js export has its weights one behind the other over several files of 4 MiB', async () => {
  const files = new Map<string, Buffer>()
  for await (const { path, parts } of tensorflowFiles(storedModel({ config, parameters, tokenizer }))) {
    files.set(path, Buffer.concat(await Array.fromAsync(parts)))
  }
  const { paths, weights } = JSON.parse(files.get('model.json')!.toString()).weightsManifest[0]
  expect(paths).toEqual(['group1-shard1of2.bin', 'group1-shard2of2.bin'])
  expect(files.get(paths[0])!.length).toBe(4 * 1024 * 1024)
  const bytes = Buffer.concat(paths.map((path: string) => files.get(path)!))
  let at = 0
  const found = new Set<string>()
  for (const { name, shape } of weights as { name: string; shape: number[] }[]) {
    const length = shape.reduce((product, size) => product * size, 4)
    const data = parameters[name]
    if (data) found.add(name)
    if (data) expect(bytes.subarray(at, at + length).equals(Buffer.from(data.buffer)), name).toBe(true)
    at += length
  }
  expect(at).toBe(bytes.length)
  expect([...found].sort()).toEqual(Object.keys(parameterShapes(config)).sort())
})
