import { basename, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { install } from '../exports/installed.ts'
import type { Program } from './program.ts'

/** The part of its interface that is used here; the package is not there when this is compiled. */
interface TransformersJs {
  readonly env: { localModelPath: string; allowRemoteModels: boolean }
  readonly AutoTokenizer: { from_pretrained(name: string): Promise<Tokenizer> }
  readonly AutoModelForCausalLM: { from_pretrained(name: string, options: object): Promise<Model> }
  readonly Tensor: new (type: string, data: BigInt64Array, dims: readonly number[]) => object
}

interface Tokenizer {
  encode(text: string, options: object): number[]
}

interface Model {
  (inputs: object): Promise<{ logits: { data: Float32Array; dims: number[] } }>
  generate(options: object): Promise<{ data: BigInt64Array }>
  dispose(): Promise<unknown>
}

/** transformers.js with the ONNX export in `folder`, loaded as README says. */
export async function openTransformersJs(folder: string): Promise<Program> {
  install(import.meta.dirname, 'transformers.js and onnxruntime-web (some 500 MB)')
  const entry = join(import.meta.dirname, 'node_modules/@huggingface/transformers/dist/transformers.node.mjs')
  const { env, AutoTokenizer, AutoModelForCausalLM, Tensor }: TransformersJs = await import(pathToFileURL(entry).href)
  env.localModelPath = `${dirname(folder)}/`
  env.allowRemoteModels = false
  const tokenizer = await AutoTokenizer.from_pretrained(basename(folder))
  const model = await AutoModelForCausalLM.from_pretrained(basename(folder), { dtype: 'fp32' })
  const long = (values: readonly number[]) =>
    new Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length])
  const inputs = (ids: readonly number[]) => ({ input_ids: long(ids), attention_mask: long(ids.map(() => 1)) })
  return {
    name: 'transformers.js',
    tokenize: async text => tokenizer.encode(text, { add_special_tokens: false }),
    async logits(ids) {
      const { data, dims } = (await model(inputs(ids))).logits
      const width = dims.at(-1)!
      return ids.map((_, row) => data.subarray(row * width, (row + 1) * width))
    },
    async generate(ids, count) {
      // It goes on behind an end of text, as ours does where nobody stops it.
      const options = { max_new_tokens: count, do_sample: false, eos_token_id: -1 }
      const { data } = await model.generate({ ...inputs(ids), ...options })
      return Array.from(data, Number).slice(ids.length)
    },
    [Symbol.asyncDispose]: async () => void (await model.dispose()),
  }
}
