import type { Command } from 'commander'
import type { Comparison } from '../jobs.ts'
import { type Console, run, Unsuccessful } from './session.ts'
import { showBegun, watchJob } from './watch.ts'

export function rerunCommand(jobs: Command, console: Console): void {
  jobs
    .command('rerun <id>')
    .description('do a finished job again, to see whether it comes to the same; status 1 where it does not')
    .option('--idempotency-key <key>', 'a retry with the same key starts no second job')
    .option('--watch', 'follow it to its end, and say what the comparison shows')
    .action(
      run(console, async (session, id: string, { watch, idempotencyKey }) => {
        const { forge, json, say } = session
        const rerun = await forge.rerunJob(id, idempotencyKey)
        showBegun(session, rerun, () => `${rerun.id} does ${id} again`, watch)
        if (!watch) return
        // One that fails as the first did is as it should be.
        await watchJob(session, rerun.id).catch(error => {
          if (!(error instanceof Unsuccessful)) throw error
        })
        const { comparison } = await forge.job(rerun.id)
        if (!comparison) return
        say(json ? JSON.stringify({ comparison }) : comparisonText(comparison))
        if (comparison.verdict !== 'IDENTICAL') throw new Unsuccessful()
      }),
    )
}

/** What the comparison of a rerun says, as a sentence. */
export function comparisonText({ verdict, comparedSteps, firstDifference, ...weights }: Comparison): string {
  const { originWeights, rerunWeights } = weights
  if (verdict === 'IDENTICAL') {
    const isCutOff = originWeights === null && rerunWeights !== null
    const made = isCutOff ? 'what was repeated ended before it made weights' : sameWeights(rerunWeights)
    return `IDENTICAL: no step of ${comparedSteps} differs, and ${made}`
  }
  const weightsText = originWeights === rerunWeights ? '' : `; weights ${originWeights} and ${rerunWeights}`
  if (!firstDifference) return `DIFFERENT: no step of ${comparedSteps} differs${weightsText}`
  const { step, metric, origin, rerun } = firstDifference
  return `DIFFERENT from step ${step} on: ${metric} was ${origin ?? 'not there'} and is ${rerun ?? 'not there'}${weightsText}`
}

const sameWeights = (weights: string | null): string =>
  weights === null ? 'neither made weights' : 'the weights are the same'
