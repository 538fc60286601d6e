import type { ServiceInstance } from './instance.ts'
import type { ServiceParts } from './ports.ts'

/**
 * Keeps the report. An instance that was killed said no goodbye: it stays in the list as DOWN until one that started
 * after its last report has taken its place.
 */
export async function recordReport({ instances, now }: ServiceParts, report: ServiceInstance): Promise<void> {
  await instances.save(report)
  const down = now().getTime() - 3 * report.everyMs
  await instances.forgetSilent(report.service, new Date(Math.min(report.startedAt.getTime(), down)))
}

/** By name, and of one service the oldest first. */
export async function listInstances({ instances }: ServiceParts): Promise<readonly ServiceInstance[]> {
  const all = await instances.list()
  return all.toSorted((a, b) => a.service.localeCompare(b.service) || a.startedAt.getTime() - b.startedAt.getTime())
}
