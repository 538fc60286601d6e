import { Command } from 'commander'
import { datasetCommands } from './datasets.ts'
import { fleetCommands } from './fleet.ts'
import { jobCommands } from './jobs.ts'
import { keyCommands } from './keys.ts'
import { mergeCommand } from './merge.ts'
import { evoMergeCommands } from './merge-search.ts'
import { modelCommands } from './models.ts'
import { pipelineCommands } from './pipelines.ts'
import { queryCommand } from './query.ts'
import type { Console } from './session.ts'
import { sweepCommands } from './sweeps.ts'

/** The command line. A wrong use throws a CommanderError; what fails in the forge sets the exit status to 1. */
export function createProgram(console: Console): Command {
  const program = new Command('forge')
    .description('Train small language models on a forge, and watch them.')
    .option('--json', 'answer for machines: one JSON value a line')
    .option('--url <url>', 'address of the forge (FORGE_URL; http://127.0.0.1:4000)')
    .addHelpText('after', '\nThe key is FORGE_API_KEY, or the admin key in the local data folder (FORGE_DATA).')
    .configureOutput({
      writeOut: text => void console.stdout.write(text),
      writeErr: text => void console.stderr.write(text),
    })
    .showHelpAfterError('(--help says more)')
    .exitOverride()
  jobCommands(program, console)
  sweepCommands(program, console)
  pipelineCommands(program, console)
  modelCommands(program, console)
  mergeCommand(program, console)
  evoMergeCommands(program, console)
  datasetCommands(program, console)
  fleetCommands(program, console)
  keyCommands(program, console)
  queryCommand(program, console)
  return program
}
