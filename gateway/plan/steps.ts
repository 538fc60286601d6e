import type { FetchNode, PlanNode, ResponsePath } from '@apollo/query-planner'
import { fetchStep, questionOf } from './fetch.ts'
import type { Run } from './types.ts'
import type { IsOfType } from './types-of.ts'

export type Step = (run: Run) => Promise<void> | undefined

/** Makes a plan into what runs it. */
export function stepsOf(plan: PlanNode, isOfType: IsOfType): Step {
  const questions = fetchesOf(plan).map(questionOf)
  const hasTwin = (node: FetchNode): boolean => {
    const question = questionOf(node)
    return questions.indexOf(question) !== questions.lastIndexOf(question)
  }
  return stepOf(plan, [])

  function stepOf(node: PlanNode, path: ResponsePath): Step {
    switch (node.kind) {
      case 'Sequence': {
        const steps = node.nodes.map(child => stepOf(child, path))
        return async run => {
          for (const step of steps) await step(run)
        }
      }
      case 'Parallel': {
        const steps = node.nodes.map(child => stepOf(child, path))
        return async run => {
          await Promise.all(steps.map(step => step(run)))
        }
      }
      case 'Flatten':
        return stepOf(node.node, [...path, ...node.path])
      case 'Fetch':
        return fetchStep(node, path, isOfType, hasTwin(node))
      case 'Condition': {
        const whenTrue = node.ifClause && stepOf(node.ifClause, path)
        const whenFalse = node.elseClause && stepOf(node.elseClause, path)
        return run => (run.coerced[node.condition] ? whenTrue : whenFalse)?.(run)
      }
      case 'Defer':
        throw new Error('The planner was not asked to plan @defer')
    }
  }
}

function fetchesOf(node: PlanNode): readonly FetchNode[] {
  switch (node.kind) {
    case 'Fetch':
      return [node]
    case 'Flatten':
      return fetchesOf(node.node)
    case 'Sequence':
    case 'Parallel':
      return node.nodes.flatMap(fetchesOf)
    case 'Condition':
      return [node.ifClause, node.elseClause].flatMap(clause => (clause ? fetchesOf(clause) : []))
    case 'Defer':
      return []
  }
}
