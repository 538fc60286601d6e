import type { Command } from 'commander'
import type { JobDetails, StartEvoMergeInput } from '../jobs.ts'
import { bytes } from './figures.ts'
import { integer, json, oneOf } from './options.ts'
import { type Console, run } from './session.ts'
import { table } from './table.ts'
import { showBegun, watchJob } from './watch.ts'

type Start = Omit<StartEvoMergeInput, 'parents' | 'methods' | 'objectives'> & {
  readonly model?: string
  readonly method?: string[]
  readonly objective?: string[]
  readonly config?: object
  readonly watch?: boolean
}

export function evoMergeCommands(program: Command, console: Console): void {
  program
    .command('evomerge')
    .description('search the best merge of some versions')
    .command('start <parents...>')
    .description('versions as name/3 or name@latest, of one architecture and tokenizer')
    .option('--model <name>', 'name of the model that gets the winner (evomerge)')
    .option('--method <name...>', 'merge methods, searched one after the other (linear)')
    .option('--objective <name...>', 'LOSS, and SIZE or LATENCY too: the Pareto front, layers left out (LOSS)')
    .option('--base <ref>', 'what task vectors are counted from; ties, dare_ties and their like need it')
    .option('--generations <count>', 'of each method (20)', integer)
    .option('--population <count>', 'points of a generation', integer)
    .option('--groups <count>', 'groups of neighbouring layers with values of their own (2)', integer)
    .option('--dataset <id-or-name>', 'whose last tenth decides and tests; the built-in text where absent')
    .option('--seed <seed>', 'of the search and of masks (42)', integer)
    .option('--config <json>', 'further fields of StartEvoMergeInput', json)
    .option('--idempotency-key <key>', 'a retry with the same key starts no second job')
    .option('--watch', 'follow it to its end, and say how the winner compares with its best parent')
    .action(
      run(
        console,
        async (session, parents: string[], { model, method, objective, config, watch, ...settings }: Start) => {
          const { forge, json: isJson, signal, say } = session
          const objectives = objective?.map(oneOf('LOSS', 'SIZE', 'LATENCY'))
          const input = { parents, modelName: model, methods: method, objectives, ...settings, ...config }
          const job = await forge.startEvoMerge(input)
          showBegun(session, job, ({ id, modelName }) => `${id} searches a merge for ${modelName}`, watch)
          if (!watch) return
          await watchJob(session, job.id)
          if (signal.aborted || isJson) return
          const ended = await forge.job(job.id)
          const { front, copyOf } = (ended.report ?? {}) as { front?: readonly FrontMember[]; copyOf?: string | null }
          if (copyOf) say(`No merge was better than its best parent: the version is a copy of ${copyOf}.`)
          else say(comparison(ended))
          if (front) say(`\n${frontTable(front)}`)
        },
      ),
    )
}

/** One of the Pareto front, as the job's report has it. */
interface FrontMember {
  readonly parent?: string
  readonly method?: string
  readonly layers?: readonly number[]
  readonly fitnessLoss: number
  readonly testLoss: number
  readonly sizeBytes: number
  readonly latencyMs: number
}

const frontTable = (front: readonly FrontMember[]) =>
  table(front, {
    merge: ({ parent, method }) => parent ?? method ?? '',
    layers: ({ layers }) => layers?.join(',') ?? 'all',
    loss: ({ fitnessLoss }) => fitnessLoss.toFixed(4),
    'test loss': ({ testLoss }) => testLoss.toFixed(4),
    size: ({ sizeBytes }) => bytes(sizeBytes),
    latency: ({ latencyMs }) => `${latencyMs.toFixed(2)} ms`,
  })

/** What the test data say of the winner; as the version's evomerge.json does. */
function comparison({ latest }: Pick<JobDetails, 'latest'>): string {
  const value = (name: string) => latest.find(metric => metric.name === name)?.value ?? Number.NaN
  const [low, high] = [value('test_gain_low'), value('test_gain_high')]
  const losses = `loss ${value('test_loss').toFixed(4)}, best parent ${value('best_parent_test_loss').toFixed(4)}`
  const interval = `95 % interval of the gain ${low.toFixed(4)} to ${high.toFixed(4)}`
  return low > 0
    ? `On the test data it beats its best parent by ${value('test_gain').toFixed(4)} (${losses}; ${interval}).`
    : `On the test data it does not beat its best parent (${losses}; ${interval}).`
}
