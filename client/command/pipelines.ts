import type { Command } from 'commander'
import type { PipelineRun, RunPipelineInput } from '../pipelines.ts'
import { percent, time } from './figures.ts'
import { listing } from './listing.ts'
import { integer, json, oneOf } from './options.ts'
import { type Console, run } from './session.ts'
import { fields, table } from './table.ts'
import { showBegun, watchRun } from './watch.ts'

type Run = Omit<RunPipelineInput, 'modelName'> & { model: string; steps?: number; config?: object; watch?: boolean }

export function pipelineCommands(program: Command, console: Console): void {
  const pipelines = program.command('pipelines').description('runs of the training pipeline')

  pipelines
    .command('run')
    .description('begin a run')
    .requiredOption('--model <name>', 'name of the model that gets a new version')
    .option('--pipeline <name>', 'cognate where absent')
    .option('--preset <preset>', 'NANO, MICRO, SMALL or COGNATE', oneOf('NANO', 'MICRO', 'SMALL', 'COGNATE'))
    .option('--dataset <id-or-name>', 'what to train on; the built-in text where absent')
    .option('--seed <seed>', 'seed of weights and order', integer)
    .option('--steps <count>', 'optimizer steps', integer)
    .option('--config <json>', 'settings of training, named as the fields of StartCognateInput', json)
    .option('--idempotency-key <key>', 'a retry with the same key begins no second run')
    .option('--watch', 'follow it to its end')
    .action(
      run(console, async (session, { model, steps, config, watch, ...input }: Run) => {
        const settings = { ...config, ...(steps !== undefined && { steps }) }
        const begun = await session.forge.runPipeline({ ...input, modelName: model, config: settings })
        showBegun(session, begun, ({ id, modelName }) => `${id} makes ${modelName}`, watch)
        if (watch) await watchRun(session, begun.id)
      }),
    )

  listing(
    pipelines.command('list').description('newest first'),
    console,
    (forge, page) => forge.pipelineRuns(page),
    runTable,
  )

  pipelines
    .command('show <id>')
    .description('one run with its steps')
    .action(run(console, async ({ forge, show }, id: string) => show(await forge.pipelineRun(id), runText)))

  pipelines
    .command('watch <id>')
    .description('follow a run to its end; status 1 where it fails')
    .action(run(console, (session, id: string) => watchRun(session, id)))

  pipelines
    .command('cancel <id>')
    .description('stop a run and its job for good')
    .action(
      run(console, async ({ forge, show }, id: string) =>
        show(await forge.cancelRun(id), ({ status }) => `${id} is ${status}`),
      ),
    )
}

const runTable = (runs: readonly PipelineRun[]) =>
  table(runs, {
    id: item => item.id,
    status: item => item.status,
    pipeline: item => item.pipeline,
    model: item => item.modelName,
    progress: item => percent(item.progress),
    created: item => time(item.createdAt),
  })

function runText(item: PipelineRun): string {
  const steps = table(item.steps, {
    step: step => step.name,
    status: step => step.status,
    progress: step => percent(step.progress),
    job: step => step.job?.id ?? '–',
    output: step => step.output?.ref ?? '–',
    error: step => step.error?.message ?? '',
  })
  const heading = fields({
    id: item.id,
    status: item.status,
    pipeline: item.pipeline,
    model: item.modelName,
    created: time(item.createdAt),
    finished: time(item.finishedAt),
  })
  return `${heading}\n\n${steps}`
}
