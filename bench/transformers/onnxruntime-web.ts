import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { headWidth, type LlamaConfig } from '../../engine/models/llama-config.ts'
import { install } from '../exports/installed.ts'
import type { Program } from './program.ts'

interface Tensor {
  readonly data: Float32Array
  readonly dims: readonly number[]
}

/** The part of its interface that is used here; the package is not there when this is compiled. */
interface OnnxRuntimeWeb {
  readonly env: { wasm: { numThreads: number } }
  readonly InferenceSession: {
    create(
      model: Uint8Array,
      options: object,
    ): Promise<{
      run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>
      release(): Promise<void>
    }>
  }
  readonly Tensor: new (type: string, data: BigInt64Array | Float32Array, dims: readonly number[]) => Tensor
}

/** ONNX Runtime as a browser runs it, in WebAssembly, with the ONNX export in `folder`. */
export async function openOnnxRuntimeWeb(folder: string, config: LlamaConfig): Promise<Program> {
  install(import.meta.dirname, 'transformers.js and onnxruntime-web (some 500 MB)')
  const entry = join(import.meta.dirname, 'node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs')
  const { env, InferenceSession, Tensor }: OnnxRuntimeWeb = await import(pathToFileURL(entry).href)
  env.wasm.numThreads = 1
  const session = await InferenceSession.create(await readFile(join(folder, 'onnx/model.onnx')), {
    executionProviders: ['wasm'],
  })
  const long = (values: readonly number[]) =>
    new Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length])
  const parts = Array.from({ length: config.layers }, (_, layer) => [`${layer}.key`, `${layer}.value`]).flat()
  const empty = () => new Tensor('float32', new Float32Array(0), [1, config.keyValueHeads, 0, headWidth(config)])

  /** Reads the tokens behind those of the cache, and gives a logit row for each and the cache for the next call. */
  async function read(ids: readonly number[], past: number, cache: Readonly<Record<string, Tensor>>) {
    const outputs = await session.run({
      input_ids: long(ids),
      attention_mask: long(Array.from({ length: past + ids.length }, () => 1)),
      position_ids: long(ids.map((_, index) => past + index)),
      ...cache,
    })
    const { data } = outputs.logits!
    const width = config.vocabularySize
    return {
      rows: ids.map((_, row) => data.subarray(row * width, (row + 1) * width)),
      cache: Object.fromEntries(parts.map(part => [`past_key_values.${part}`, outputs[`present.${part}`]!])),
    }
  }
  const begin = (ids: readonly number[]) =>
    read(ids, 0, Object.fromEntries(parts.map(part => [`past_key_values.${part}`, empty()])))
  return {
    name: 'onnxruntime-web (wasm)',
    tokenize: () => null,
    logits: async ids => (await begin(ids)).rows,
    async generate(ids, count) {
      const made: number[] = []
      let { rows, cache } = await begin(ids)
      for (;;) {
        const row = rows.at(-1)!
        made.push(row.indexOf(row.reduce((a, b) => Math.max(a, b))))
        if (made.length === count) return made
        ;({ rows, cache } = await read(made.slice(-1), ids.length + made.length - 1, cache))
      }
    },
    [Symbol.asyncDispose]: () => session.release(),
  }
}
