import type { Command } from 'commander'
import type { Job, JobDetails, QueuedJob, StartCognateInput } from '../jobs.ts'
import type { PageInput } from '../page.ts'
import { compareJobs } from './comparison.ts'
import { bytes, duration, percent, time } from './figures.ts'
import { listing } from './listing.ts'
import { showLog } from './logs.ts'
import { integer, integers, json, number, oneOf } from './options.ts'
import { comparisonText, rerunCommand } from './reruns.ts'
import { type Console, run } from './session.ts'
import { groupText, watchGroup } from './siblings.ts'
import { fields, table } from './table.ts'
import { showBegun, watchJob } from './watch.ts'

const presets = oneOf('NANO', 'MICRO', 'SMALL', 'COGNATE')
const statuses = oneOf('QUEUED', 'RUNNING', 'PAUSED', 'COMPLETED', 'FAILED', 'CANCELLED')

type Start = StartCognateInput & {
  grokfast?: 'NONE' | 'EMA' | 'MA'
  config?: object
  patience?: number
  maxSeconds?: number
  maxTokens?: number
  seeds?: number[]
  watch?: boolean
  model?: string
  require?: string[]
}

type Listed = PageInput & { readonly status?: ReturnType<typeof statuses>; readonly model?: string }

export function jobCommands(program: Command, console: Console): void {
  const jobs = program.command('jobs').description('training jobs')

  jobs
    .command('start')
    .description('pretrain a small language model')
    .option('--model <name>', 'name of the model that gets a new version')
    .option('--preset <preset>', 'NANO, MICRO, SMALL or COGNATE', presets)
    .option('--dataset <id-or-name>', 'what to train on; the built-in text where absent')
    .option('--steps <count>', 'optimizer steps', integer)
    .option('--batch <count>', 'sequences a step', integer)
    .option('--context <tokens>', 'tokens a sequence', integer)
    .option('--learning-rate <rate>', 'highest learning rate', number)
    .option('--seed <seed>', 'seed of weights and order', integer)
    .option('--seeds <seeds>', 'siblings, one for each, as in 42,1337,2023', integers)
    .option('--grokfast <kind>', 'NONE, EMA or MA', oneOf('NONE', 'EMA', 'MA'))
    .option('--control', 'the same without the filter beside it')
    .option('--patience <looks>', 'end when so many looks at the validation loss brought nothing', integer)
    .option('--max-seconds <seconds>', 'end after so much training', number)
    .option('--max-tokens <tokens>', 'end after so many tokens', integer)
    .option('--weights <which>', 'BEST or LAST become the version', oneOf('BEST', 'LAST'))
    .option('--priority <priority>', '0, the most urgent, to 1000; 100 where absent', integer)
    .option('--require <label...>', 'labels that the machine must have')
    .option('--slots <count>', 'slots of the machine that it takes; 1 where absent', integer)
    .option('--config <json>', 'further fields of StartCognateInput', json)
    .option('--idempotency-key <key>', 'a retry with the same key starts no second job')
    .option('--watch', 'follow it to its end')
    .action(
      run(console, async (session, { watch, seeds, ...chosen }: Start) => {
        if (seeds) {
          const group = await session.forge.startCognateGroup(inputOf(chosen), seeds)
          showBegun(session, group, groupText, watch)
          if (watch) await watchGroup(session, group)
          return
        }
        const job = await session.forge.startCognate(inputOf(chosen))
        showBegun(session, job, ({ id, modelName }) => `${id} trains ${modelName}`, watch)
        if (watch) await watchJob(session, job.id)
      }),
    )

  jobs
    .command('group <id>')
    .description('siblings, with the mean and spread of their losses')
    .action(run(console, async ({ forge, show }, id: string) => show(await forge.cognateGroup(id), groupText)))

  jobs
    .command('compare <id> [other]')
    .description('one metric of two jobs in one chart; of a job and its control where the second is left out')
    .option('--metric <name>', 'what to draw', 'validation_loss')
    .option('--svg <file>', 'draw it into this file too')
    .action(
      run(console, (session, id: string, other: string | undefined, options: { metric: string; svg?: string }) =>
        compareJobs(session, [id, other], options),
      ),
    )

  listing(
    jobs
      .command('list')
      .description('newest first')
      .option('--status <status>', 'only these', statuses)
      .option('--model <name>', 'only of this model'),
    console,
    (forge, { status, model, ...page }: Listed) => {
      const filter = { ...(status && { status: [status] }), ...(model && { modelName: model }) }
      return forge.jobs({ ...page, filter })
    },
    jobTable,
  )

  jobs
    .command('show <id>')
    .description('one job with its checkpoints, newest metrics and output')
    .action(run(console, async ({ forge, show }, id: string) => show(await forge.job(id), jobText)))

  jobs
    .command('queue')
    .description('those that wait, whose turn is next first')
    .option('--first <count>', 'at most so many (100; 500 at most)', integer)
    .action(run(console, async ({ forge, show }, { first }) => show(await forge.trainingQueue(first), queueTable)))

  jobs
    .command('prioritize <id>')
    .description('move a job in the line')
    .argument('<priority>', 'from 0, the most urgent, to 1000', integer)
    .action(
      run(console, async ({ forge, show }, id: string, priority: number) =>
        show(await forge.prioritizeJob(id, priority), job => `${job.id} has priority ${job.priority}`),
      ),
    )

  rerunCommand(jobs, console)

  jobs
    .command('watch <id>')
    .description('follow a job to its end; status 1 where it fails')
    .action(run(console, (session, id: string) => watchJob(session, id)))

  jobs
    .command('logs <id>')
    .description('what a job and its process have said')
    .option('-f, --follow', 'go on with what comes, until the job has ended')
    .option('--tail <count>', 'only so many lines from the end', integer)
    .action(
      run(console, (session, id: string, options: { tail?: number; follow?: boolean }) =>
        showLog(session, id, options),
      ),
    )

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

function inputOf({ model, grokfast, config, require: requirements, patience, maxSeconds, maxTokens, ...input }: Start) {
  return {
    modelName: model,
    requirements,
    ...input,
    ...(grokfast && { grokfast: { kind: grokfast } }),
    ...(patience !== undefined && { earlyStopping: { patience } }),
    ...((maxSeconds ?? maxTokens) !== undefined && { budget: { seconds: maxSeconds, tokens: maxTokens } }),
    ...config,
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

const queueTable = (queue: readonly QueuedJob[]) =>
  table(queue, {
    place: ({ position }) => position,
    id: ({ job }) => job.id,
    project: ({ job }) => job.project,
    model: ({ job }) => job.modelName,
    priority: ({ job }) => job.priority,
    'waits for': ({ waitsFor }) => waitsFor,
  })

const lossText = (loss: number | null) => (loss === null ? '' : `, loss ${loss.toFixed(4)}`)

function statusText({ status, error, stopReason }: JobDetails): string {
  if (error) return `${status} (${error.code}: ${error.message})`
  return stopReason ? `${status} (${stopReason})` : status
}

function jobText(job: JobDetails): string {
  return fields({
    id: job.id,
    status: statusText(job),
    model: job.modelName,
    steps: `${job.step} of ${job.totalSteps} (${percent(job.progress)})`,
    seed: job.seed,
    priority: job.priority,
    needs: [`${job.slots} of the slots`, bytes(job.memoryBytes), ...job.requirements].join(', '),
    ...(job.group && { group: job.group.id }),
    ...(job.control && { control: job.control.id }),
    ...(job.controlOf && { 'control of': job.controlOf.id }),
    attempts: job.lostAttempts === 0 ? job.attempts : `${job.attempts} (${job.lostAttempts} lost since a checkpoint)`,
    node: job.node?.name ?? '–',
    executor: job.executor ?? '–',
    created: time(job.createdAt),
    started: time(job.startedAt),
    finished: time(job.finishedAt),
    ...(job.secondsLeft != null && { 'time left': duration(job.secondsLeft * 1000) }),
    ...Object.fromEntries(job.latest.map(({ name, value }) => [name, Number(value.toPrecision(6))])),
    checkpoints:
      job.checkpoints
        .map(({ step, sizeBytes, validationLoss }) => `${step} (${bytes(sizeBytes)}${lossText(validationLoss)})`)
        .join(', ') || '–',
    ...(job.comparison && { comparison: comparisonText(job.comparison) }),
    output: job.output ? `${job.output.ref}  ${job.output.digest}` : '–',
  })
}
