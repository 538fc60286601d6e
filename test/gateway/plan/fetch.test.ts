import { buildSchema } from 'graphql'
import { expect, it } from 'vitest'
import { fetchStep } from '../../../gateway/plan/fetch.ts'
import type { Run, ServiceFetch } from '../../../gateway/plan/types.ts'
import { typeTest } from '../../../gateway/plan/types-of.ts'
import { silentLog } from '../../support/silent-log.ts'

const scope = {
  identity: { principal: 'anybody', name: '', project: '*', scopes: [] },
  requestId: 'req_1',
  traceparent: null,
  client: undefined,
  log: silentLog,
}

it('asks for each entity once, and gives every place of it the answer and its errors', async () => {
  const step = fetchStep(
    {
      kind: 'Fetch',
      serviceName: 'models',
      operation: 'query($representations:[_Any!]!){_entities(representations:$representations){...on Model{size}}}',
      operationName: undefined,
      operationKind: 'query' as never,
      variableUsages: ['n'],
      requires: [
        {
          kind: 'InlineFragment',
          typeCondition: 'Model',
          selections: [
            { kind: 'Field', name: '__typename' },
            { kind: 'Field', name: 'id' },
          ],
        },
      ],
    },
    ['models', '@'],
    typeTest(buildSchema('type Query { models: [Model] } type Model { id: ID size: Int }')),
    false,
  )
  const model = (id?: string) => ({ __typename: 'Model', ...(id && { id }) })
  const asked: ServiceFetch['request'][] = []
  const run: Run = {
    // The second lacks what it is known by, so that places and representations are not numbered alike.
    data: { models: [model('a'), model(), null, model('b'), model('a')] },
    errors: [],
    shared: new Map(),
    variables: { n: 1, unused: 2 },
    coerced: {},
    scope,
    services: {
      models: {
        async process({ request }) {
          asked.push(request)
          const errors = [{ message: 'no', path: ['_entities', 0, 'size'], extensions: { code: 'NOT_FOUND' } }]
          return { data: { _entities: [{ size: null }, { size: 2 }] }, errors }
        },
      },
    },
  }
  await step(run)

  expect(asked.map(({ variables }) => variables)).toEqual([{ n: 1, representations: [model('a'), model('b')] }])
  const [a, b] = [
    { ...model('a'), size: null },
    { ...model('b'), size: 2 },
  ]
  expect(run.data.models).toEqual([a, model(), null, b, a])
  expect(run.errors.map(({ path }) => path)).toEqual([
    ['models', 0, 'size'],
    ['models', 4, 'size'],
  ])
})
