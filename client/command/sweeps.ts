import type { Command } from 'commander'
import { counted } from '../../engine/counted.ts'
import type { StartCognateInput } from '../jobs.ts'
import { pause } from '../pause.ts'
import type { ListedSweep, Sweep, SweepDimension, SweepSearchInput, SweepTrial } from '../sweeps.ts'
import { percent, time } from './figures.ts'
import { listing } from './listing.ts'
import { dimension, integer, json, oneOf } from './options.ts'
import { type Console, run, type Session, Unsuccessful } from './session.ts'
import { fields, table } from './table.ts'
import { showBegun } from './watch.ts'

type Start = Omit<SweepSearchInput, 'space'> &
  StartCognateInput & {
    search?: SweepDimension[]
    searchSeed?: number
    model?: string
    config?: object
    watch?: boolean
  }

export function sweepCommands(program: Command, console: Console): void {
  const sweeps = program.command('sweeps').description('searches for the best settings of a training')

  sweeps
    .command('start')
    .description('train the same with different settings, and keep the best model')
    .requiredOption(
      '--search <dimension...>',
      'learningRate=log:1e-4..1e-2, weightDecay=0..0.2, batch=int:4..16, grokfast.kind=NONE,EMA; in a grid :points after a range',
      dimension,
    )
    .option('--algorithm <name>', 'GRID, RANDOM or ASHA (ASHA)', oneOf('GRID', 'RANDOM', 'ASHA'))
    .option('--trials <count>', 'points to draw (16)', integer)
    .option('--eta <count>', 'ASHA: one of so many goes on from a rung (3)', integer)
    .option('--min-steps <steps>', 'ASHA: steps to the first rung (steps / eta²)', integer)
    .option('--parallel <count>', 'trials at once (as many as the machines have slots for)', integer)
    .option('--search-seed <seed>', 'of the points that are drawn (42)', integer)
    .option('--model <name>', 'name of the model that gets the best as a new version')
    .option('--preset <preset>', 'NANO, MICRO, SMALL or COGNATE', oneOf('NANO', 'MICRO', 'SMALL', 'COGNATE'))
    .option('--dataset <id-or-name>', 'what to train on; the built-in text where absent')
    .option('--steps <count>', 'optimizer steps of a whole training', integer)
    .option('--seed <seed>', 'seed of weights and order', integer)
    .option('--config <json>', 'further fields of StartCognateInput', json)
    .option('--idempotency-key <key>', 'a retry with the same key starts no second sweep')
    .option('--watch', 'follow it to its end')
    .action(
      run(console, async (session, { search, searchSeed, watch, ...chosen }: Start) => {
        const { algorithm, trials, eta, minSteps, parallel, model, config, ...input } = chosen
        const sweep = await session.forge.startSweep(
          { modelName: model, ...input, ...config },
          { space: search!, algorithm, trials, eta, minSteps, parallel, seed: searchSeed },
        )
        showBegun(session, sweep, ({ id, modelName }) => `${id} searches for ${modelName}`, watch)
        if (watch) await watchSweep(session, sweep.id)
      }),
    )

  listing(sweeps.command('list').description('newest first'), console, (forge, page) => forge.sweeps(page), sweepTable)

  sweeps
    .command('show <id>')
    .description('one sweep with its trials')
    .action(run(console, async ({ forge, show }, id: string) => show(await forge.sweep(id), sweepText)))

  sweeps
    .command('watch <id>')
    .description('follow a sweep to its end; status 1 where it fails')
    .action(run(console, (session, id: string) => watchSweep(session, id)))

  for (const [verb, description] of [
    ['pause', 'pause its trials, each with a checkpoint'],
    ['resume', 'go on after a pause'],
    ['cancel', 'stop it and its trials for good'],
  ] as const) {
    sweeps
      .command(`${verb} <id>`)
      .description(description)
      .action(
        run(console, async ({ forge, show }, id: string) =>
          show(await forge[`${verb}Sweep`](id), sweep => `${sweep.id} is ${sweep.status}`),
        ),
      )
  }
}

/** Between two looks, in milliseconds. */
const lookMs = 1_000

/** Follows a sweep until it has ended: a line that is drawn anew and then the trials, or a line of JSON per change. */
async function watchSweep({ forge, json, screen, signal, say }: Session, id: string): Promise<void> {
  let before = ''
  for (;;) {
    const sweep = await forge.sweep(id)
    const text = json ? JSON.stringify(sweep) : stateText(sweep)
    // What is not drawn over is said for each tenth of the way, and for each trial.
    const mark = json || screen.isTTY ? text : stateText({ ...sweep, progress: Math.floor(10 * sweep.progress) / 10 })
    if (mark !== before) screen.write(screen.isTTY && !json ? `\r\u001b[2K${text}` : `${text}\n`)
    before = mark
    if (['COMPLETED', 'FAILED', 'CANCELLED'].includes(sweep.status)) {
      if (!json) say(`${screen.isTTY ? '\n' : ''}\n${sweepText(sweep)}`)
      if (sweep.status !== 'COMPLETED') throw new Unsuccessful()
      return
    }
    await pause(lookMs, signal)
    if (signal.aborted) return
  }
}

function stateText({ status, progress, trials, best }: Sweep): string {
  const begun = trials.filter(trial => trial.job)
  const training = trials.filter(trial => trial.status === 'TRAINING')
  const leader = best ? `, best ${lossText(best)} of trial ${best.number}` : ''
  return `${status} ${percent(progress)}: ${begun.length} of ${counted(trials.length, 'trial')} begun, ${training.length} in training${leader}`
}

const lossText = ({ loss }: SweepTrial) => loss?.toFixed(4) ?? '–'

const sweepTable = (sweeps: readonly ListedSweep[]) =>
  table(sweeps, {
    id: sweep => sweep.id,
    status: sweep => sweep.status,
    algorithm: sweep => sweep.algorithm,
    model: sweep => sweep.modelName,
    trials: sweep => sweep.trialCount,
    progress: sweep => percent(sweep.progress),
    best: sweep => (sweep.best ? lossText(sweep.best) : '–'),
    created: sweep => time(sweep.createdAt),
  })

function sweepText(sweep: Sweep): string {
  const names = Object.keys((sweep.trials[0]?.parameters ?? {}) as object)
  const value = (trial: SweepTrial, name: string) => (trial.parameters as Record<string, number | string>)[name]!
  const shown = (given: number | string) => (typeof given === 'number' ? Number(given.toPrecision(4)) : given)
  const trials = table(sweep.trials, {
    trial: trial => `${trial.number}${trial.number === sweep.best?.number ? ' *' : ''}`,
    ...Object.fromEntries(names.map(name => [name, (trial: SweepTrial) => shown(value(trial, name))])),
    status: trial => trial.status,
    rung: trial => trial.rung,
    steps: trial => (trial.job ? `${trial.job.step}/${trial.job.totalSteps}` : '–'),
    loss: lossText,
    job: trial => trial.job?.id ?? '–',
    error: trial => trial.job?.error?.code ?? '',
  })
  const heading = fields({
    id: sweep.id,
    status: sweep.error ? `${sweep.status} (${sweep.error.message})` : sweep.status,
    model: sweep.modelName,
    search: `${sweep.algorithm}, rungs at ${sweep.rungs.join(', ')} steps, ${sweep.parallel} at once`,
    progress: percent(sweep.progress),
    created: time(sweep.createdAt),
    finished: time(sweep.finishedAt),
  })
  return `${heading}\n\n${trials}`
}
