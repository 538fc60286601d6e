import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { Command } from 'commander'
import { counted } from '../../engine/counted.ts'
import type { DatasetImport, ImportDatasetInput } from '../datasets.ts'
import { ForgeError } from '../errors.ts'
import { bytes, percent, short, time } from './figures.ts'
import { listing } from './listing.ts'
import { json, oneOf } from './options.ts'
import { type Console, run, type Session } from './session.ts'
import { table } from './table.ts'
import { transferBar } from './transfer-bar.ts'

interface ReadingOptions {
  readonly format?: ImportDatasetInput['format']
  readonly unit?: ImportDatasetInput['unit']
  readonly field?: string
  readonly template?: string
  readonly sha256?: string
}

interface ImportOptions extends ReadingOptions {
  readonly files?: string[]
  readonly gitignore: boolean
  readonly sourceUrl?: string
  readonly hub?: string
  readonly revision?: string
  readonly hubFiles?: string[]
  readonly task?: Record<string, unknown>
  readonly wait: boolean
}

export function datasetImportCommands(datasets: Command, console: Console): void {
  withReading(datasets.command('import <name>'))
    .description('make a dataset of what the forge reads or fetches; one of --files, --source-url, --hub and --task')
    .option('--files <paths...>', "files, folders and globs of the forge's datasets folder")
    .option('--no-gitignore', 'take also what .gitignore files name')
    .option('--source-url <url>', 'a file of the web')
    .option('--hub <id>', 'owner/name of a data set of the Hugging Face hub')
    .option('--revision <name>', 'branch, tag or commit of it (main)')
    .option('--hub-files <globs...>', 'files of it (all of one format)')
    .option('--task <json>', 'examples that are made, such as \'{"kind": "SORT", "count": 1000}\'', json)
    .option('--no-wait', 'leave when it has begun')
    .action(
      run(console, async (session, name: string, options: ImportOptions) => {
        const { files, gitignore, sourceUrl, sha256, hub, revision, hubFiles, task } = options
        const begun = await session.forge.importDataset({
          name,
          ...readingOf(options),
          ...(files && { files: { paths: files, gitignore } }),
          ...(sourceUrl && { url: { url: sourceUrl, sha256 } }),
          ...(hub && { hub: { id: hub, revision: revision ?? 'main', files: hubFiles } }),
          ...(task && { task }),
        })
        if (options.wait) await watch(session, begun)
        else session.show(begun, ({ id }) => id)
      }),
    )

  withReading(datasets.command('upload <name> <file>'))
    .description('make a dataset of a file of this machine, which may be large')
    .option('--resume <id>', 'go on with an upload that was cut off')
    .action(
      run(console, async (session, name: string, file: string, options: ReadingOptions & { resume?: string }) => {
        const { forge, json, screen, signal } = session
        const bar = transferBar(json ? { write: () => {} } : screen)
        const sha256 = options.sha256 ?? (await digestOf(file))
        let known = options.resume
        const id = await forge
          .uploadFile(file, {
            resume: options.resume,
            signal,
            onProgress: ({ id, sentBytes, sizeBytes }) => {
              known = id
              bar.update({ path: file, receivedBytes: sentBytes, sizeBytes })
            },
          })
          .catch(error => {
            throw known === undefined ? error : resumable(error, known, signal.aborted)
          })
          .finally(() => bar.stop())
        await watch(session, await forge.importDataset({ name, ...readingOf(options), upload: { id, sha256 } }))
      }),
    )

  const imports = datasets.command('imports').description('datasets in the making')
  const list = imports.command('list', { isDefault: true }).description('newest first')
  listing(list, console, (forge, page) => forge.datasetImports(page), importTable)
  imports
    .command('show <id>')
    .description('follow an import to its end')
    .action(run(console, async (session, id: string) => watch(session, await session.forge.datasetImport(id))))
  imports
    .command('cancel <id>')
    .description('end an import')
    .action(
      run(console, async ({ forge, show }, id: string) =>
        show(await forge.cancelDatasetImport(id), ({ name }) => `the import of ${name} is cancelled`),
      ),
    )
}

const withReading = (command: Command): Command =>
  command
    .option('--format <format>', 'TEXT, JSONL or PARQUET (by the name of each file)', oneOf('TEXT', 'JSONL', 'PARQUET'))
    .option('--unit <unit>', 'what a document is in a text: FILE or LINE (FILE)', oneOf('FILE', 'LINE'))
    .option('--field <path>', 'of JSONL and Parquet (text, or else messages)')
    .option('--template <template>', 'PLAIN, CHATML, LLAMA3 or Jinja, for messages (PLAIN)')
    .option('--sha256 <digest>', 'what the file must be')

const readingOf = ({ format, unit, field, template }: ReadingOptions) => ({ format, unit, field, template })

/** Shows the progress of an import, and at its end what it made. */
async function watch({ forge, json, screen, signal, show }: Session, { id }: DatasetImport): Promise<void> {
  const bar = importBar(json ? { write: () => {} } : screen)
  let last: DatasetImport | undefined
  const dataset = await forge
    .datasetImported(id, {
      signal,
      onProgress: now => {
        last = now
        bar.update(now)
      },
    })
    .finally(() => bar.stop())
  show(dataset, made =>
    [
      ...(last?.notes ?? []),
      `${made.name} (${made.id}): ${counted(made.documents, 'document')}, ${bytes(made.sizeBytes)}, ${made.digest}`,
    ].join('\n'),
  )
}

const cells = 24

/** One line that is drawn anew with every percent; nothing where the screen is no terminal. */
function importBar(screen: Session['screen']) {
  let isDrawn = false
  return {
    update({ name, progress, bytesRead, documents }: DatasetImport): void {
      if (!screen.isTTY) return
      const full = Math.round(progress * cells)
      const bar = `${'█'.repeat(full)}${'░'.repeat(cells - full)}`
      const said = `${percent(progress).padStart(4)}  ${bytes(bytesRead)}  ${counted(documents, 'document', short(documents))}  ${name}`
      screen.write(`\r\u001b[2K${bar} ${said}`)
      isDrawn = true
    },
    stop(): void {
      if (isDrawn) screen.write('\n')
    },
  }
}

const importTable = (imports: readonly DatasetImport[]) =>
  table(imports, {
    id: ({ id }) => id,
    name: ({ name }) => name,
    status: ({ status }) => status,
    progress: ({ progress }) => percent(progress),
    documents: ({ documents }) => short(documents),
    created: ({ createdAt }) => time(createdAt),
    error: ({ error }) => error?.message ?? '',
  })

const resumable = (error: unknown, id: string, hasLeft: boolean): unknown =>
  hasLeft || (error instanceof ForgeError && error.code === 'UNAVAILABLE')
    ? new ForgeError('UNAVAILABLE', `The upload was cut off: go on with --resume ${id}.`, { cause: error })
    : error

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  try {
    for await (const chunk of createReadStream(file)) hash.update(chunk)
  } catch (error) {
    throw new ForgeError('INVALID_INPUT', `${file} can't be read: ${(error as Error).message}`)
  }
  return hash.digest('hex')
}
