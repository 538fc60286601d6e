import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import type { Dataset } from '../datasets.ts'
import { ForgeError } from '../errors.ts'
import type { PageInput } from '../page.ts'
import { bytes, time } from './figures.ts'
import { listed } from './jobs.ts'
import { integer } from './options.ts'
import { type Console, run } from './session.ts'
import { table } from './table.ts'

export function datasetCommands(program: Command, console: Console): void {
  const datasets = program.command('datasets').description('texts to train on')

  datasets
    .command('list')
    .description('newest first')
    .option('--first <count>', 'at most so many (20; 100 at most)', integer)
    .option('--after <cursor>', 'go on behind the page before')
    .action(
      run(console, async ({ forge, show }, page: PageInput) =>
        show(await forge.datasets(page), ({ items, next }) => listed(datasetTable(items), next)),
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

  datasets
    .command('delete <id>')
    .description('delete a dataset')
    .action(
      run(console, async ({ forge, show }, id: string) =>
        show(await forge.deleteDataset(id), ({ name }) => `${name} is deleted`),
      ),
    )
}

const datasetTable = (datasets: readonly Dataset[]) =>
  table(datasets, {
    id: dataset => dataset.id,
    name: dataset => dataset.name,
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
