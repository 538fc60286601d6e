import type { FetchNode, ResponsePath } from '@apollo/query-planner'
import type { GraphQLFormattedError } from 'graphql'
import type { Answer } from '../execution/failures.ts'
import { merge } from './merge.ts'
import { representing } from './representations.ts'
import { rewriter } from './rewrites.ts'
import { type Place, placesAt, targetsAt } from './targets.ts'
import { isObject, type Json, type PlacedError, type Run, read } from './types.ts'
import type { IsOfType } from './types-of.ts'

export type FetchStep = (run: Run) => Promise<void>

/** Asks a subgraph for fields of the root, or of the entities at `path`. What fails becomes an error of the answer. */
export function fetchStep(node: FetchNode, path: ResponsePath, isOfType: IsOfType, hasTwin: boolean): FetchStep {
  const rewriteOutput = rewriter(node.outputRewrites, isOfType)
  const send = sending(node, hasTwin)
  if (!node.requires) {
    return async run => {
      const targets = targetsAt(run.data, path)
      if (targets.length === 0) return
      const { data, errors } = await send(run, passedOn(node, run))
      for (const error of errors ?? []) run.errors.push({ ...error, ...placedUnder(path, error) } as PlacedError)
      if (!data) return
      rewriteOutput?.(data)
      for (const target of targets) merge(target, data)
    }
  }

  const { requires } = node
  const represent = representing(requires, node.inputRewrites, isOfType)
  // A subgraph with an interface object names the interface when it is asked for the type, which is known better here.
  const knowsInterface = node.inputRewrites?.some(({ path }) => path.at(-1) === '__typename') ?? false
  return async run => {
    const targets = targetsAt(run.data, path)
    const { representations, owners, indexes } = represent(targets)
    if (representations.length === 0) return

    const { data, errors } = await send(run, { ...passedOn(node, run), representations })
    if (errors) placeErrors(run, errors, path, indexes)
    if (!data) return
    const entities = data._entities
    if (!Array.isArray(entities) || entities.length !== representations.length) {
      run.errors.push(wrongCount(node.serviceName, representations.length))
      return
    }
    if (rewriteOutput || knowsInterface) {
      for (const [at, entity] of entities.entries()) {
        if (!isObject(entity)) continue
        if (knowsInterface || entity.__typename === undefined) entity.__typename = owners[at]!.__typename
        rewriteOutput?.(entity)
      }
    }
    for (const [at, target] of targets.entries()) {
      const entity = indexes[at] === undefined ? undefined : entities[indexes[at]]
      if (isObject(entity)) merge(target, entity)
    }
  }
}

function passedOn({ variableUsages }: FetchNode, { variables }: Run): Json {
  const passed: Json = {}
  for (const name of variableUsages ?? []) {
    const value = read(variables, name)
    if (value !== undefined) passed[name] = value
  }
  return passed
}

/** Sends a fetch. One that the plan has several times over is sent once for the same variables. */
function sending(node: FetchNode, hasTwin: boolean): (run: Run, variables: Json) => Promise<Answer> {
  const { operation: query, operationName, serviceName } = node
  const idempotent = node.operationKind !== 'mutation'
  const ask = ({ services, scope }: Run, variables: Json): Promise<Answer> => {
    const service = services[serviceName]
    if (!service) throw new Error(`The plan names a service that there is not: "${serviceName}"`)
    return service.process({ request: { query, variables, operationName, idempotent }, context: scope })
  }
  if (!hasTwin || !idempotent) return ask

  const question = questionOf(node)
  return async (run, variables) => {
    const key = `${question} ${JSON.stringify(variables)}`
    const asked = run.shared.get(key) ?? ask(run, variables)
    run.shared.set(key, asked)
    // Answers are merged into and changed, so that no two places can have the same one.
    return structuredClone(await asked)
  }
}

/** What a fetch asks, and whom; the planner numbers the names of its fetches, which are left out. */
export const questionOf = ({ operation, operationName, serviceName }: FetchNode): string =>
  `${serviceName} ${operationName ? operation.replace(operationName, '') : operation}`

const placedUnder = (path: ResponsePath, { path: inside }: GraphQLFormattedError) => ({
  path: inside && [...path.filter(step => step !== '@'), ...inside],
})

/** An error about one entity stands at every place of it. */
function placeErrors(
  run: Run,
  errors: readonly GraphQLFormattedError[],
  path: ResponsePath,
  indexes: readonly (number | undefined)[],
): void {
  const places: readonly Place[] = placesAt(run.data, path)
  for (const { message, extensions, path: inside } of errors) {
    const [root, index, ...rest] = inside ?? []
    if (root !== '_entities' || typeof index !== 'number') {
      run.errors.push({ message, extensions, path: inside && path.filter(step => step !== '@') })
      continue
    }
    for (const [at, place] of places.entries())
      if (indexes[at] === index) run.errors.push({ message, extensions, path: [...place, ...rest] })
  }
}

const wrongCount = (service: string, count: number): PlacedError => ({
  message: `The service "${service}" was asked for ${count} entities and answered another number, so its part is missing.`,
  path: undefined,
  extensions: { code: 'INTERNAL', service },
})
