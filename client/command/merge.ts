import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { parse, YAMLParseError } from 'yaml'
import { mergedTensors } from '../../engine/merging/execution.ts'
import { planMerge } from '../../engine/merging/plan.ts'
import { modelsOf, type Recipe, readRecipe } from '../../engine/merging/recipe.ts'
import { ForgeError } from '../errors.ts'
import { bytes } from './figures.ts'
import { mergedFiles } from './merge-folder.ts'
import { openMergeModels } from './merge-models.ts'
import { requireFree, writeShards } from './merge-shards.ts'
import { integer, number } from './options.ts'
import { type Console, run, type Session } from './session.ts'
import { table } from './table.ts'
import { transferBar } from './transfer-bar.ts'
import { type WrittenFile, writeFileParts } from './written-file.ts'

interface Options {
  readonly seed: number
  /** In gigabytes. */
  readonly shardSize: number
}

export function mergeCommand(program: Command, console: Console): void {
  program
    .command('merge <recipe> <folder>')
    .description("merge models by a recipe as mergekit's: YAML that names folders, or versions such as name/3")
    .option('--seed <seed>', 'of the masks that dare and della draw (0)', integer, 0)
    .option('--shard-size <gigabytes>', 'a new file of weights begins after so much (5)', number, 5)
    .action(
      run(console, async (session, path: string, folder: string, options: Options) => {
        const files = await merge(session, path, folder, options)
        session.show({ folder, files }, () =>
          table(files, {
            file: file => `${folder}/${file.path}`,
            size: file => bytes(file.sizeBytes),
            digest: file => file.digest,
          }),
        )
      }),
    )
}

async function merge(
  { forge, json, screen, signal }: Session,
  path: string,
  folder: string,
  options: Options,
): Promise<WrittenFile[]> {
  if (options.seed < 0) throw new ForgeError('INVALID_INPUT', `--seed is ${options.seed}: take a whole number from 0.`)
  const text = await readFile(path, 'utf8')
  const recipe = recipeOf(text, path)
  await requireFree(folder)
  const bar = transferBar(json ? { write() {} } : screen)
  try {
    await using models = await openMergeModels(modelsOf(recipe), { forge, folder, signal, onProgress: bar.update })
    const plan = planMerge(recipe, models.tensors)
    const others = mergedFiles(recipe, plan, models)
    const merged = mergedTensors(plan, models.read, options.seed)
    const { dtype, files } = await others
    const written = await writeShards(folder, plan.tensors, merged, {
      dtype,
      shardBytes: options.shardSize * 1e9,
      onProgress: bar.update,
      signal,
    })
    for (const [name, content] of Object.entries(files)) written.push(await writeFileParts(folder, name, [content]))
    // As mergekit leaves it, so that the result says how it was made.
    written.push(await writeFileParts(folder, 'mergekit_config.yml', [Buffer.from(text)]))
    return written
  } finally {
    bar.stop()
  }
}

function recipeOf(text: string, path: string): Recipe {
  try {
    return readRecipe(parse(text))
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error
    throw new ForgeError('INVALID_INPUT', `${path} is no YAML: ${error.message.split(/:?\n/)[0]}.`, { cause: error })
  }
}
