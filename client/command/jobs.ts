import type { Command } from 'commander'
import type { Job, JobDetails, StartCognateInput } from '../jobs.ts'
import { bytes, percent, time } from './figures.ts'
import { integer, json, number, oneOf } from './options.ts'
import { type Console, run } from './session.ts'
import { fields, table } from './table.ts'
import { watchJob } from './watch.ts'

const presets = oneOf('NANO', 'MICRO', 'SMALL', 'COGNATE')
const statuses = oneOf('QUEUED', 'RUNNING', 'PAUSED', 'COMPLETED', 'FAILED', 'CANCELLED')

type Start = StartCognateInput & { grokfast?: 'NONE' | 'EMA' | 'MA'; config?: object; watch?: boolean; model?: string }

export function jobCommands(program: Command, console: Console): void {
  const jobs = program.command('jobs').description('training jobs')

  jobs
    .command('start')
    .description('pretrain a small language model')
    .option('--model <name>', 'name of the model that gets a new version')
    .option('--preset <preset>', 'NANO, MICRO, SMALL or COGNATE', presets)
    .option('--dataset <id>', 'what to train on; the built-in text where absent')
    .option('--steps <count>', 'optimizer steps', integer)
    .option('--batch <count>', 'sequences a step', integer)
    .option('--context <tokens>', 'tokens a sequence', integer)
    .option('--learning-rate <rate>', 'highest learning rate', number)
    .option('--seed <seed>', 'seed of weights and order', integer)
    .option('--grokfast <kind>', 'NONE, EMA or MA', oneOf('NONE', 'EMA', 'MA'))
    .option('--config <json>', 'further fields of StartCognateInput', json)
    .option('--idempotency-key <key>', 'a retry with the same key starts no second job')
    .option('--watch', 'follow it to its end')
    .action(
      run(console, async (session, { model, grokfast, config, watch, ...settings }: Start) => {
        const kind = grokfast && { grokfast: { kind: grokfast } }
        const job = await session.forge.startCognate({ modelName: model, ...settings, ...kind, ...config })
        if (!watch || !session.json) session.show(job, ({ id, modelName }) => `${id} trains ${modelName}`)
        if (watch) await watchJob(session, job.id)
      }),
    )

  jobs
    .command('list')
    .description('newest first')
    .option('--status <status>', 'only these', statuses)
    .option('--model <name>', 'only of this model')
    .option('--first <count>', 'at most so many (20; 100 at most)', integer)
    .option('--after <cursor>', 'go on behind the page before')
    .action(
      run(console, async ({ forge, show }, { status, model, first, after }) => {
        const filter = { ...(status && { status: [status] }), ...(model && { modelName: model }) }
        show(await forge.jobs({ first, after, filter }), ({ items, next }) => listed(jobTable(items), next))
      }),
    )

  jobs
    .command('show <id>')
    .description('one job with its checkpoints, newest metrics and output')
    .action(run(console, async ({ forge, show }, id: string) => show(await forge.job(id), jobText)))

  jobs
    .command('watch <id>')
    .description('follow a job to its end; status 1 where it fails')
    .action(run(console, (session, id: string) => watchJob(session, id)))

  for (const [verb, description] of [
    ['pause', 'stop at the next step, with a checkpoint'],
    ['resume', 'go on after a pause'],
    ['cancel', 'stop for good'],
    ['retry', 'begin a failed job again from its last checkpoint'],
  ] as const) {
    jobs
      .command(`${verb} <id>`)
      .description(description)
      .action(
        run(console, async ({ forge, show }, id: string) =>
          show(await forge[`${verb}Job`](id), job => `${job.id} is ${job.status}`),
        ),
      )
  }
}

const jobTable = (jobs: readonly Job[]) =>
  table(jobs, {
    id: job => job.id,
    status: job => job.status,
    model: job => job.modelName,
    steps: job => `${job.step}/${job.totalSteps}`,
    progress: job => percent(job.progress),
    created: job => time(job.createdAt),
  })

/** The list, and how to get the next page of it. */
export const listed = (text: string, next: string | null): string =>
  next === null ? text : `${text}\n\nMore: --after ${next}`

function jobText(job: JobDetails): string {
  return fields({
    id: job.id,
    status: job.error ? `${job.status} (${job.error.code}: ${job.error.message})` : job.status,
    model: job.modelName,
    steps: `${job.step} of ${job.totalSteps} (${percent(job.progress)})`,
    seed: job.seed,
    attempts: job.attempts,
    node: job.node?.name ?? '–',
    executor: job.executor ?? '–',
    created: time(job.createdAt),
    started: time(job.startedAt),
    finished: time(job.finishedAt),
    ...Object.fromEntries(job.latest.map(({ name, value }) => [name, Number(value.toPrecision(6))])),
    checkpoints: job.checkpoints.map(({ step, sizeBytes }) => `${step} (${bytes(sizeBytes)})`).join(', ') || '–',
    output: job.output ? `${job.output.ref}  ${job.output.digest}` : '–',
  })
}
