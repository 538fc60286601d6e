import { isDeepStrictEqual } from 'node:util'
import { isFinished } from '../../../schema/values.ts'
import { announcement, stepRequest } from '../runs/announcement.ts'
import type { RunParts } from '../runs/ports.ts'
import { type Run, type StepReport, withReport } from '../runs/run.ts'

/** Which step an event is about: the names of run and step where the event has them, else the job. */
export type StepAddress =
  | { readonly runId: string; readonly stepName: string }
  | { readonly runId?: undefined; readonly jobId: string }

/** Progress alone is published at most once in this many milliseconds. */
const progressEveryMs = 1_000

/** Takes up what has become of a step: publishes the run's new state, and asks for the next step when one has ended. */
export async function reportStep({ runs, now }: RunParts, address: StepAddress, report: StepReport): Promise<void> {
  const runId = address.runId ?? (await runs.findByJob(address.jobId))?.id
  // Nobody's run: the job was started by itself.
  if (runId === undefined) return

  await runs.change(runId, before => {
    const at = now()
    const after = withReport(before, stepName(before, address), report, at)
    if (!isWorthTelling(before, after, at)) return null
    const hasFinished = isFinished(after.status) && !isFinished(before.status)
    const next = nextStep(before, after)
    return {
      run: { ...after, announcedAt: at },
      events: [
        announcement(hasFinished ? 'run.finished' : 'run.progressed', after),
        ...(next ? [stepRequest(after, next)] : []),
      ],
    }
  })
}

const stepName = (run: Run, address: StepAddress): string | undefined =>
  address.runId === undefined ? run.steps.find(step => step.jobId === address.jobId)?.name : address.stepName

function isWorthTelling(before: Run, after: Run, now: Date): boolean {
  if (!isDeepStrictEqual(states(before), states(after))) return true
  return after.progress !== before.progress && now.getTime() - before.announcedAt.getTime() >= progressEveryMs
}

const states = (run: Run) => run.steps.map(({ progress: _, ...state }) => state)

/** The step to be asked for now: the one behind that which this change has completed. */
function nextStep(before: Run, after: Run) {
  const completed = after.steps.findIndex(
    (step, index) => step.status === 'COMPLETED' && before.steps[index]!.status !== 'COMPLETED',
  )
  return completed === -1 ? undefined : after.steps[completed + 1]
}
