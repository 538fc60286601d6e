import type { CognateGroup } from '../groups.ts'
import { progressBar } from './progress-bar.ts'
import { screenRows } from './screen-rows.ts'
import { type Session, Unsuccessful } from './session.ts'
import { table } from './table.ts'

/** Follows siblings to their end, a bar for each, and then tells what they have in common. */
export async function watchGroup(session: Session, { id, jobs }: CognateGroup): Promise<void> {
  const { forge, json, screen, signal, say } = session
  const rows = json
    ? []
    : screenRows(
        screen,
        jobs.map(({ modelName }) => modelName),
      )
  const endings = await Promise.all(
    jobs.map(async (job, row) => {
      let status: string = job.status
      const bar = json ? undefined : progressBar(rows[row]!)
      for await (const event of forge.trainingProgress(job.id, { signal })) {
        status = event.status
        if (json) say(JSON.stringify(event))
        else bar!.update(event)
      }
      bar?.stop()
      return status
    }),
  )
  if (!json) say(`\n${groupText(await forge.cognateGroup(id))}`)
  if (endings.some(status => status === 'FAILED' || status === 'CANCELLED')) throw new Unsuccessful()
}

export function groupText({ id, jobs, summary }: CognateGroup): string {
  const siblings = table(jobs, {
    seed: job => job.seed,
    job: job => job.id,
    status: job => job.status,
    model: job => job.modelName,
    steps: job => `${job.step}/${job.totalSteps}`,
  })
  const metrics = summary.map(
    ({ name, mean, spread, siblings: count }) => `${name} ${mean.toFixed(4)} ± ${spread.toFixed(4)} of ${count}`,
  )
  return [siblings, '', `${id}${metrics.length > 0 ? `: ${metrics.join(', ')}` : ''}`].join('\n')
}
