import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Command, Option } from 'commander'
import { EngineError } from '../../engine/errors.ts'
import { type GgufType, ggufParts, ggufTypes } from '../../engine/formats/gguf.ts'
import { onnxFiles } from '../../engine/formats/onnx-export.ts'
import type { FileParts, StoredModel } from '../../engine/formats/pretrained.ts'
import { tensorflowFiles } from '../../engine/formats/tensorflow-export.ts'
import type { Download } from '../downloads.ts'
import { ForgeError } from '../errors.ts'
import { bytes } from './figures.ts'
import { openPretrainedFolder } from './pretrained-folder.ts'
import { type Console, run, type Session } from './session.ts'
import { table } from './table.ts'
import { transferBar } from './transfer-bar.ts'
import { type WrittenFile, writeFileParts } from './written-file.ts'

const formats = ['safetensors', 'gguf', 'onnx', 'tfjs'] as const
type Format = (typeof formats)[number]
type Converted = Exclude<Format, 'safetensors'>

export function exportCommands(models: Command, console: Console): void {
  models
    .command('download <ref> [folder]')
    .description('the files of a version, every byte checked; called again, it goes on where it was cut off')
    .action(
      run(console, async (session, ref: string, folder: string = ref.replace(/[/@]/, '-')) => {
        await download(session, ref, folder)
      }),
    )

  models
    .command('export <ref> <folder>')
    .description('a version in a format that other programs load, made on this machine')
    .addOption(
      new Option('--format <format>', "safetensors is Hugging Face's layout").choices(formats).makeOptionMandatory(),
    )
    .addOption(new Option('--type <type>', 'how gguf stores numbers (f32)').choices(ggufTypes))
    .action(
      run(console, async (session, ref: string, folder: string, given: { format: Format; type?: GgufType }) => {
        if (given.type && given.format !== 'gguf') {
          throw new ForgeError('INVALID_INPUT', `--type is for gguf only: leave it out with --format ${given.format}.`)
        }
        if (given.format === 'safetensors') await download(session, ref, folder)
        else await exportAs(session, ref, folder, given.format, given.type ?? 'f32')
      }),
    )
}

async function download(session: Session, ref: string, folder: string): Promise<void> {
  const done = await fetchVersion(session, ref, folder)
  if (done) shown(session, done, done.folder, done.files)
}

/** What is converted waits inside of the folder, where a call that was cut off goes on; what is refused leaves none of it. */
async function exportAs(session: Session, ref: string, folder: string, format: Converted, type: GgufType) {
  const source = join(folder, '.download')
  try {
    const done = await fetchVersion(session, ref, source)
    if (!done) return
    const files = await convert(done, folder, format, type)
    await rm(source, { recursive: true })
    shown(session, done, folder, files)
  } catch (error) {
    if (isRefusal(error)) await rm(source, { recursive: true, force: true })
    throw error
  }
}

/** Whether the same call would end in the same way: not where the forge was away, or the disk was full. */
const isRefusal = (error: unknown): boolean =>
  error instanceof EngineError || (error instanceof ForgeError && !['UNAVAILABLE', 'TIMEOUT'].includes(error.code))

/** Brings the files of a version; undefined where the user left before the end. */
async function fetchVersion({ forge, screen, signal, json, say }: Session, ref: string, folder: string) {
  const bar = transferBar(json ? { write() {} } : screen)
  try {
    return await forge.download(ref, folder, { signal, onProgress: bar.update })
  } catch (error) {
    if (!signal.aborted) throw error
    if (!json) say('\nThe same command goes on from here.')
  } finally {
    bar.stop()
  }
}

async function convert(done: Download, folder: string, format: Converted, type: GgufType): Promise<WrittenFile[]> {
  await using model = await openPretrainedFolder(done.version.ref, done.folder)
  const made = {
    gguf: () => [ggufFile(model, done, type)],
    onnx: () => onnxFiles(model),
    tfjs: () => tensorflowFiles(model),
  }
  const written: WrittenFile[] = []
  for await (const { path, parts } of made[format]()) written.push(await writeFileParts(folder, path, parts))
  return written
}

function ggufFile(model: StoredModel, { version }: Download, type: GgufType): FileParts {
  const path = `${version.model.name}-${version.number}-${type.toUpperCase()}.gguf`
  return { path, parts: ggufParts(model, { name: version.ref, type }) }
}

function shown({ show }: Session, { version }: Download, folder: string, files: readonly WrittenFile[]): void {
  const rows = files.map(({ path, sizeBytes, digest }) => ({ path, sizeBytes, digest }))
  show({ id: version.id, ref: version.ref, folder, files: rows }, () =>
    table(rows, {
      file: ({ path }) => join(folder, path),
      size: ({ sizeBytes }) => bytes(sizeBytes),
      digest: ({ digest }) => digest,
    }),
  )
}
