import { executorNames } from '../../../engine/executors/executor-names.ts'
import { fastest, probeExecutors } from '../../../engine/executors/probe.ts'
import { invalidInput, unavailable } from '../../../kernel/errors.ts'
import type { Log } from '../../../kernel/log.ts'

export interface WorkingExecutors {
  readonly names: readonly string[]
  /** The chosen one, or the fastest. */
  readonly preferred: string
}

/** Tries every executor once. Throws INVALID_INPUT when there is none of the chosen name, and UNAVAILABLE when it does not work. */
export async function findExecutors(chosen: string, log: Log): Promise<WorkingExecutors> {
  const choices: readonly string[] = ['auto', ...executorNames]
  if (!choices.includes(chosen))
    throw invalidInput(`FORGE_EXECUTOR is "${chosen}", which there is not: set it to one of ${choices.join(', ')}.`)
  const probes = await probeExecutors()
  log.info({ probes }, 'executors probed')
  const names = probes.filter(({ works }) => works).map(({ name }) => name)
  const preferred = chosen === 'auto' ? fastest(probes)?.name : names.find(name => name === chosen)
  if (!preferred) {
    const reasons = probes.map(probe => (probe.works ? `${probe.name} works` : `${probe.name}: ${probe.reason}`))
    throw unavailable(`The executor "${chosen}" (FORGE_EXECUTOR) does not work here: ${reasons.join('; ')}`)
  }
  return { names, preferred }
}
