import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import type { Dataset, DatasetDetails } from '../datasets.ts'
import { ForgeError } from '../errors.ts'
import { datasetImportCommands } from './dataset-imports.ts'
import { bytes, short, time } from './figures.ts'
import { listing } from './listing.ts'
import { type Console, run } from './session.ts'
import { fields, table } from './table.ts'

export function datasetCommands(program: Command, console: Console): void {
  const datasets = program.command('datasets').description('texts to train on')

  listing(
    datasets.command('list').description('newest first'),
    console,
    (forge, page) => forge.datasets(page),
    datasetTable,
  )

  datasets
    .command('show <id-or-name>')
    .description('what a dataset is, where it comes from, and how some of its documents begin')
    .action(
      run(console, async ({ forge, show }, ref: string) =>
        show(await forge.dataset(ref), dataset =>
          [
            fields(factsOf(dataset)),
            ...dataset.samples.map(({ document, text }) => `── document ${document}\n${text}`),
          ].join('\n\n'),
        ),
      ),
    )

  datasets
    .command('create <name> <file>')
    .description('a UTF-8 text of this machine')
    .action(
      run(console, async ({ forge, show }, name: string, file: string) =>
        show(await forge.createDataset({ name, text: await readText(file) }), ({ id }) => id),
      ),
    )

  datasetImportCommands(datasets, console)

  datasets
    .command('delete <id-or-name>')
    .description('delete a dataset')
    .action(
      run(console, async ({ forge, show }, ref: string) =>
        show(await forge.deleteDataset(ref), ({ name }) => `${name} is deleted`),
      ),
    )
}

function factsOf({ source, ...dataset }: DatasetDetails): Record<string, string | number> {
  const { documents, shortestBytes, longestBytes } = dataset
  return {
    id: dataset.id,
    name: dataset.name,
    project: dataset.project,
    fingerprint: dataset.digest,
    documents,
    size: bytes(dataset.sizeBytes),
    characters: dataset.characters,
    tokens: dataset.tokens
      ? `${short(dataset.tokens.training)} and ${short(dataset.tokens.validation)} for validation`
      : '–',
    ...(shortestBytes != null && longestBytes != null
      ? {
          'document sizes': `${bytes(shortestBytes)} to ${bytes(longestBytes)}, ${bytes(dataset.sizeBytes / documents)} on average`,
        }
      : {}),
    source: source == null ? 'a text' : JSON.stringify(source),
    created: time(dataset.createdAt),
  }
}

const datasetTable = (datasets: readonly Dataset[]) =>
  table(datasets, {
    id: dataset => dataset.id,
    name: dataset => dataset.name,
    documents: dataset => short(dataset.documents),
    size: dataset => bytes(dataset.sizeBytes),
    created: dataset => time(dataset.createdAt),
  })

async function readText(file: string): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file))
  } catch (error) {
    if (error instanceof TypeError) {
      throw new ForgeError('INVALID_INPUT', `${file} is not UTF-8: convert it, for example with iconv.`)
    }
    throw new ForgeError('INVALID_INPUT', `${file} can't be read: ${(error as Error).message}`)
  }
}
