import type { PlanNode } from '@apollo/query-planner'
import { Kind, print, visit } from 'graphql'
import type { Variables } from '../execution/execution.ts'
import type { OperationPlan } from '../execution/plans.ts'
import type { UpstreamOperation } from './upstream-operation.ts'

/** What a subscription asks for, wherever it starts, as a text that is equal for those who ask the same. */
export type Question = (variables: Variables) => string

export function questionOf(
  { operation: { operation: asked, fragments } }: OperationPlan,
  upstream: UpstreamOperation,
  rest: PlanNode | undefined,
): Question {
  const nodes = [{ ...asked, name: undefined }, ...Object.values(fragments)]
  const used = new Map<string, number>()
  for (const node of [asked.selectionSet, ...(asked.directives ?? []), ...Object.values(fragments)]) {
    visit(node, { [Kind.VARIABLE]: ({ name }) => void used.set(name.value, (used.get(name.value) ?? 0) + 1) })
  }
  // Where to start is no part of the question, unless the variable says something else as well.
  const onlyStart = upstream.startVariable
  if (onlyStart && used.get(onlyStart) === 1) used.delete(onlyStart)

  const names = [...used.keys()].sort()
  const text = [...nodes.map(print), upstream.payload({}, undefined).query, JSON.stringify(rest)].join('\n')
  return variables => `${text}\n${JSON.stringify(names.map(name => variables[name] ?? null))}`
}
