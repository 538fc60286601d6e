import { openAsBlob } from 'node:fs'
import { mkdtemp, open, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { huggingFaceParts } from '../../engine/formats/huggingface.ts'
import { ForgeError } from '../errors.ts'
import { fetchFromHub } from './hub.ts'
import { openPretrainedFolder } from './pretrained-folder.ts'
import { type Console, run } from './session.ts'
import { writeFileParts } from './written-file.ts'

const HUB = 'https://huggingface.co'

export function importCommand(models: Command, console: Console): void {
  models
    .command('import <source> <name>')
    .description('a Hugging Face Llama-layout folder, or owner/name of the hub, as the next version of a model')
    .addOption(new Option('--hub <url>', 'address of the hub').default(HUB))
    .action(
      run(console, async ({ forge, show, signal }, source: string, name: string, { hub }: { hub: string }) => {
        await using open = new AsyncDisposableStack()
        const scratch = await mkdtemp(join(tmpdir(), 'forge-import-'))
        open.defer(() => rm(scratch, { recursive: true }))
        const isLocal = await isFolder(source)
        const folder = isLocal ? source : join(scratch, 'fetched')
        if (!isLocal) await fetchFromHub(hub, source, folder, signal)
        const from = isLocal ? basename(resolve(source)) : `${hub}/${source}`
        const files = await converted(source, folder, join(scratch, 'converted'))
        show(await forge.importFiles(name, files, { from }), ({ ref, id }) => `${from} is ${ref} (${id})`)
      }),
    )
}

/** Read and written again: in F32, in one file, and refused here where the model cannot be loaded. */
async function converted(name: string, folder: string, target: string): Promise<Record<string, Blob>> {
  await using model = await openPretrainedFolder(name, folder)
  const files: Record<string, Blob> = {}
  for (const { path, parts } of huggingFaceParts(model)) {
    await writeFileParts(target, path, parts)
    files[path] = await openAsBlob(join(target, path))
  }
  return files
}

/** False where there is nothing; throws INVALID_INPUT on what is no folder. */
async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw new ForgeError('INVALID_INPUT', `The folder ${path} can't be read: ${error.message}.`, { cause: error })
  })
  if (found && !found.isDirectory()) throw await noFolder(path)
  return found !== null
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
