import { open, readdir, readFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { EngineError } from '../../engine/errors.ts'
import { type Files, huggingFaceFiles, readHuggingFace } from '../../engine/formats/huggingface.ts'
import { ForgeError } from '../errors.ts'
import { type Console, run } from './session.ts'

const HUB = 'https://huggingface.co'
const needed = ['config.json', 'tokenizer.json']

export function importCommand(models: Command, console: Console): void {
  models
    .command('import <source> <name>')
    .description('a Hugging Face Llama-layout folder, or owner/name of the hub, as the next version of a model')
    .addOption(new Option('--hub <url>', 'address of the hub').default(HUB))
    .action(
      run(console, async ({ forge, show, signal }, source: string, name: string, { hub }: { hub: string }) => {
        const folder = await readFolder(source)
        const files = folder ?? (await readHub(hub, source, signal))
        const from = folder ? basename(resolve(source)) : `${hub}/${source}`
        show(await forge.importFiles(name, converted(files), { from }), ({ ref, id }) => `${from} is ${ref} (${id})`)
      }),
    )
}

/** Read and written again: in F32, in one file, and refused here where the model cannot be loaded. */
function converted(files: Files): Files {
  try {
    return huggingFaceFiles(readHuggingFace(files))
  } catch (error) {
    if (error instanceof EngineError) throw new ForgeError(error.code, `${error.message}.`, { cause: error })
    throw error
  }
}

const isPart = (name: string) => needed.includes(name) || name.endsWith('.safetensors')

/** Null where there is no such folder. */
async function readFolder(folder: string): Promise<Files | null> {
  const names = await readdir(folder).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    if (error.code === 'ENOTDIR') throw await noFolder(folder)
    throw new ForgeError('INVALID_INPUT', `The folder ${folder} can't be read: ${error.message}.`, { cause: error })
  })
  if (!names) return null
  const read = names.filter(isPart).map(async name => [name, await readFile(join(folder, name))] as const)
  return Object.fromEntries(await Promise.all(read))
}

/** Says what a file is that somebody took for a model. */
async function noFolder(path: string): Promise<ForgeError> {
  await using file = await open(path)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0)
  const begins = buffer.subarray(0, bytesRead).toString('latin1')
  const wanted = 'import the folder in Hugging Face’s layout that it was made from'
  if (begins === 'GGUF') return new ForgeError('INVALID_INPUT', `${path} is GGUF, made for llama.cpp: ${wanted}.`)
  if (path.endsWith('.gguf')) {
    return new ForgeError('INVALID_INPUT', `${path} is no GGUF file, as it begins with ${JSON.stringify(begins)}.`)
  }
  return new ForgeError('INVALID_INPUT', `${path} is a file: unpack it where it is an archive, and ${wanted}.`)
}

/** Bytes of a file whose size the hub does not say. */
const mostUnsaid = 64 * 1024 ** 2

async function readHub(hub: string, id: string, signal: AbortSignal): Promise<Files> {
  if (!/^[\w.-]+\/[\w.-]+$/.test(id)) {
    throw new ForgeError('INVALID_INPUT', `There is no folder ${id}, and it is no id of the hub such as owner/name.`)
  }
  const ask = async (path: string): Promise<Response> => {
    const response = await fetch(`${hub}${path}`, { signal }).catch(error => {
      throw new ForgeError('UNAVAILABLE', `${hub} cannot be reached: import a folder, or try again.`, { cause: error })
    })
    if (response.ok) return response
    throw new ForgeError('NOT_FOUND', `${hub}${path} answers HTTP ${response.status}: is ${id} public?`)
  }
  const list = await bytesOf(await ask(`/api/models/${id}?blobs=true`), mostUnsaid)
  const { siblings } = JSON.parse(list.toString()) as { siblings: { rfilename: string; size?: number }[] }
  const files: Record<string, Uint8Array> = {}
  for (const { rfilename: name, size } of siblings.filter(file => isPart(file.rfilename))) {
    files[name] = await bytesOf(await ask(`/${id}/resolve/main/${name}`), size ?? mostUnsaid)
  }
  return files
}

/** A few compressed bytes may become many: what is more than was announced is not taken into memory. */
async function bytesOf(response: Response, most: number): Promise<Buffer> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of response.body ?? []) {
    size += part.length
    if (size > most) {
      throw new ForgeError('INVALID_INPUT', `${response.url} sends more than the ${most} bytes that it should have.`)
    }
    parts.push(part)
  }
  return Buffer.concat(parts)
}
