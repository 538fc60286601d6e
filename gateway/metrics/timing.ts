import type { ExecutionArgs, ExecutionResult } from 'graphql'
import type { GatewayMetrics } from './metrics.ts'

type Execute = (args: ExecutionArgs) => Promise<ExecutionResult>

/** Measures how long operations take; one with an error counts as such. */
export const timed =
  (execute: Execute, metrics: GatewayMetrics): Execute =>
  async args => {
    const began = performance.now()
    let isWhole = false
    try {
      const result = await execute(args)
      isWhole = result.errors === undefined
      return result
    } finally {
      metrics.operation(nameOf(args), performance.now() - began, isWhole)
    }
  }

function nameOf({ operationName, document }: ExecutionArgs): string | null | undefined {
  if (operationName) return operationName
  const [only] = document.definitions
  return only?.kind === 'OperationDefinition' ? only.name?.value : null
}
