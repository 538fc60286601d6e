import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { until } from '../support/condition.ts'
import { type FederatedGraph, link, startFederatedGraph } from '../support/federated-graph.ts'
import { ask, gatewayOf } from '../support/gateway.ts'

describe('a gateway that stops', () => {
  let graph: FederatedGraph
  let asked = 0
  let answer = Promise.withResolvers<string>()
  const wait = () => {
    asked += 1
    return answer.promise
  }
  beforeAll(async () => {
    graph = await startFederatedGraph({
      waiting: {
        sdl: `${link} type Query { open: Boolean wait: String }`,
        resolvers: { Query: { open: () => true, wait } },
      },
    })
  })
  beforeEach(() => {
    asked = 0
    answer = Promise.withResolvers()
  })
  afterAll(async () => {
    answer.resolve('')
    await graph[Symbol.asyncDispose]()
  })

  it('says so first, and answers until balancers have taken notice', async () => {
    const gateway = await gatewayOf(graph, { GATEWAY_STOP_NOTICE: '3' })
    const health = () => fetch(`${gateway.url}/health`)
    expect((await health()).status).toBe(200)
    const stopped = gateway[Symbol.asyncDispose]()
    const { status } = await health()
    expect([status, (await ask(gateway, '{ open }')).data]).toEqual([503, { open: true }])
    await stopped
    await expect(health()).rejects.toThrow('fetch failed')
  })

  it('lets what is under way end, takes nothing new, and waits for no idle connection', async () => {
    const gateway = await gatewayOf(graph, { GATEWAY_DRAIN: '50' })
    const asking = ask(gateway, '{ wait }')
    await until('the subgraph is asked', () => asked === 1, 60_000)
    const began = performance.now()
    const stopped = gateway[Symbol.asyncDispose]()
    await until(
      'nothing new is taken',
      () =>
        fetch(`${gateway.url}/health`).then(
          () => false,
          () => true,
        ),
      60_000,
    )
    answer.resolve('the answer')
    expect((await asking).data).toEqual({ wait: 'the answer' })
    await stopped
    expect(performance.now() - began).toBeLessThan(25_000)
  })

  it('cuts off what lasts longer than it may', async () => {
    const gateway = await gatewayOf(graph, { GATEWAY_DRAIN: '0.2' })
    const asking = ask(gateway, '{ wait }').catch((error: Error) => error.message)
    await until('the subgraph is asked', () => asked === 1, 60_000)
    await gateway[Symbol.asyncDispose]()
    expect(await asking).toBe('fetch failed')
  })
})
