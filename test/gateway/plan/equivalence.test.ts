import { executeQueryPlan } from '@apollo/gateway/dist/executeQueryPlan.js'
import fc from 'fast-check'
import { type ExecutionResult, NoUnusedVariablesRule, parse, specifiedRules, validate } from 'graphql'
import { describe, expect, it } from 'vitest'
import { planRunner } from '../../../gateway/execution/execution.ts'
import { openPlans } from '../../../gateway/execution/plans.ts'
import { generatedGraph } from '../../support/generated-graph.ts'
import { generatedOperation } from '../../support/generated-operation.ts'
import { silentLog } from '../../support/silent-log.ts'

const scope = {
  identity: { principal: 'anybody', name: '', project: '*', scopes: [] },
  requestId: 'req_1',
  traceparent: null,
  client: undefined,
  log: silentLog,
}
const rules = specifiedRules.filter(rule => rule !== NoUnusedVariablesRule)

describe.each([1, 2, 3])('the plan executor over generated graph %i', seed => {
  const { supergraph, services } = generatedGraph(seed)
  const plans = openPlans(supergraph)
  const runPlan = planRunner(supergraph)

  it('answers generated operations as Apollo’s executor does, and places every error at a null', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(2 ** 31 - 1), async operationSeed => {
        const { query, variables } = generatedOperation(supergraph.schema, operationSeed)
        const document = parse(query)
        fc.pre(validate(supergraph.schema, document, rules).length === 0)
        const plan = plans.plan(document, 'Q')
        const request = { request: { variables }, context: scope, metrics: {}, logger: silentLog }
        const [expected, actual] = [
          (await executeQueryPlan(
            plan.queryPlan,
            withoutInterfaceNames(services) as never,
            request as never,
            plan.operation,
            supergraph.full,
            supergraph.api,
          )) as ExecutionResult,
          await runPlan(plan.queryPlan, plan, services as never, variables, scope),
        ]
        expect(plain(actual.data), query).toEqual(plain(expected.data))
        const complaints = expected.errors ?? (expected.extensions?.valueCompletion as unknown[] | undefined) ?? []
        expect((actual.errors ?? []).length > 0, query).toBe(complaints.length > 0)
        for (const { path } of actual.errors ?? [])
          expect(isNullAt(actual.data, path ?? []), `${path} in ${query}`).toBe(true)
      }),
      { numRuns: 40, seed: 7 },
    )
  })
})

it('keeps the type of an entity that an interface object calls by its interface', async () => {
  const { supergraph, services } = generatedGraph(2)
  const query = 'query Q { grid { rating ...Known } } fragment Known on Book { __typename id pages }'
  const plan = openPlans(supergraph).plan(parse(query), 'Q')
  const { data } = await planRunner(supergraph)(plan.queryPlan, plan, services, {}, scope)
  expect(plain(data)).toEqual({ grid: [null, [{ rating: 95, __typename: 'Book', id: 'book-0', pages: 15 }]] })
})

/** Apollo's executor lets such a name overwrite the type, and then loses fields of it; without the name it does not. */
const withoutInterfaceNames = (services: ReturnType<typeof generatedGraph>['services']) =>
  Object.fromEntries(
    Object.entries(services).map(([name, service]) => {
      const process: typeof service.process = async fetch => {
        const answer = await service.process(fetch)
        for (const entity of answer.data?._entities ?? []) if (entity?.__typename === 'Media') delete entity.__typename
        return answer
      }
      return [name, { process }]
    }),
  )

const plain = (data: unknown): unknown => JSON.parse(JSON.stringify(data ?? null))

/** Whether the path leads to a null or ends above one, which then took its place. */
function isNullAt(data: unknown, path: readonly (string | number)[]): boolean {
  let value = data
  for (const step of path) {
    if (value === null || value === undefined) return true
    value = (value as Record<string | number, unknown>)[step]
  }
  return value === null || value === undefined
}
