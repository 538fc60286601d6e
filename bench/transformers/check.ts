import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { onnxExecutor } from '../../engine/executors/onnx.ts'
import { huggingFaceParts } from '../../engine/formats/huggingface.ts'
import { onnxFiles } from '../../engine/formats/onnx-export.ts'
import { type FileParts, storedModel } from '../../engine/formats/pretrained.ts'
import { openDecoder } from '../../engine/generation/decoder.ts'
import { tokenizerOf, trainedModel } from '../exports/models.ts'
import { heldOut, text } from '../exports/text.ts'
import { compare } from './comparison.ts'
import { openOnnxRuntimeWeb } from './onnxruntime-web.ts'
import { openPython } from './python.ts'
import { openTransformersJs } from './transformers-js.ts'

/**
 * `npm run check:transformers [-- --json] [-- --python PYTHON]`: our ONNX export in transformers.js and onnxruntime-web, and with
 * the address of a Python that has torch and transformers our safetensors there. Each must have our tokens, our logits
 * within 1e-3, and our greedy continuations.
 */
const options = { python: { type: 'string' }, json: { type: 'boolean' } } as const
const { python, json } = parseArgs({ options }).values
const folder = await mkdtemp(join(tmpdir(), 'forge-transformers-'))
await using open = new AsyncDisposableStack()
open.defer(() => rm(folder, { recursive: true }))
const tokenizer = tokenizerOf(text)
const model = await trainedModel(text, tokenizer, 80)

async function write(name: string, files: Iterable<FileParts>): Promise<string> {
  for (const { path, parts } of files) {
    const place = join(folder, name, path)
    await mkdir(dirname(place), { recursive: true })
    await writeFile(place, parts)
  }
  return join(folder, name)
}

const onnx = await write('onnx', onnxFiles(storedModel(model)))
const programs = [
  open.use(await openTransformersJs(onnx)),
  open.use(await openOnnxRuntimeWeb(onnx, model.config)),
  ...(python
    ? [open.use(await openPython(python, await write('safetensors', huggingFaceParts(storedModel(model)))))]
    : []),
]
const ours = open.use(await openDecoder(await onnxExecutor(), model.config, model.parameters))
const results = []
for (const program of programs) results.push(await compare(program, { model, decoder: ours, text: heldOut }))

if (json) console.log(JSON.stringify({ name: 'check:transformers', results }, null, 2))
else console.table(results)
process.exitCode = results.every(({ passes }) => passes) ? 0 : 1
