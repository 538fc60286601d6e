import type { Executor } from '../executors/executor.ts'
import { executorNames } from '../executors/executor-names.ts'
import { fastest, openExecutor, probeExecutors } from '../executors/probe.ts'

/**
 * The executor on which texts are generated. `auto` is ONNX Runtime where it can be loaded, since comparing all takes longer
 * than most generations. It is never native: a C compiler would work at each new length of a prompt and number of texts
 * while somebody waits.
 */
export async function openTextExecutor(name: string, threads: number): Promise<Executor> {
  if (name !== 'auto') return openExecutor(name, { threads })
  return openExecutor('onnx', { threads }).catch(async () => {
    const probes = await probeExecutors(executorNames.filter(other => other !== 'native'))
    // The reference works everywhere.
    return openExecutor(fastest(probes)!.name, { threads })
  })
}
