import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { connectForge } from '../../client/forge.ts'
import { type CollectedSpan, traceCollector } from '../support/trace-collector.ts'
import { type EmbeddedForge, embeddedForge } from './embedded-forge.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const token = 'token-of-the-scraper'
const clientSpan = '00f067aa0ba902b7'
const sizes = { vocabulary: 320, width: 32, layers: 1, heads: 1, keyValueHeads: 1, feedForward: 64 }

let collector: Awaited<ReturnType<typeof traceCollector>>
let running: EmbeddedForge
beforeAll(async () => {
  collector = await traceCollector()
  running = await embeddedForge({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, FORGE_METRICS_TOKEN: token })
}, 120_000)
afterAll(async () => {
  await running?.[Symbol.asyncDispose]()
  await collector?.[Symbol.asyncDispose]()
}, 60_000)

it('records one startCognate as one trace, from the client to the training process and the registry', async () => {
  const settings = { sizes, context: 32, batch: 4, steps: 20, checkpointEvery: 10, validationEvery: 10 }
  const response = await fetch(`${running.url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${running.adminKey}`,
      traceparent: `00-${traceId}-${clientSpan}-01`,
    },
    body: JSON.stringify({
      query: 'mutation Start($input: StartCognateInput!) { startCognate(input: $input) { id } }',
      variables: { input: { ...settings, modelName: 'secret-name' } },
    }),
  })
  const { data, errors } = await response.json()
  expect(errors).toBeUndefined()

  const trace = () => collector.spans.filter(span => span.traceId === traceId)
  // One of the two relays of training's outbox publishes, whichever leads.
  const shown = ({ service, name }: CollectedSpan) => (name.startsWith('publish') ? name : `${service}: ${name}`)
  const chain = (names: readonly string[]): readonly string[] => {
    const spans = trace()
    const parentOf = ({ parentSpanId }: CollectedSpan) => spans.find(({ spanId }) => spanId === parentSpanId)
    let span = spans.find(span => shown(span) === names.at(-1))
    const walked: string[] = []
    for (; span && walked.length < names.length; span = parentOf(span)) walked.unshift(shown(span))
    return walked
  }
  // Every service sends what it has once a second.
  const expectChain = (...names: readonly string[]) => vi.waitFor(() => expect(chain(names)).toEqual(names), 30_000)

  await expectChain('gateway: POST /graphql', 'gateway: parse')
  await expectChain('gateway: POST /graphql', 'gateway: plan')
  await expectChain(
    'gateway: POST /graphql',
    'gateway: fetch training',
    'training: POST /graphql',
    'training: Mutation.startCognate',
    'training: INSERT job',
  )
  await expectChain(
    'training: Mutation.startCognate',
    'publish job.queued',
    'training: consume job.queued',
    'training: enqueue training',
    'worker: process training',
    'worker: attempt 1',
    'trainer: job',
    'trainer: train',
    'trainer: checkpoint',
  )
  await expectChain('trainer: job', 'trainer: prepare')
  await expectChain('trainer: job', 'trainer: save')
  await expectChain('worker: attempt 1', 'publish job.completed', 'models: consume job.completed')
  await expectChain('publish version.registered', 'orchestration: consume version.registered')

  const spans = trace()
  expect(spans.find(({ parentSpanId }) => parentSpanId === clientSpan)).toMatchObject({
    service: 'gateway',
    name: 'POST /graphql',
  })
  const job = spans.find(({ name }) => name === 'job')
  expect(job?.attributes['forge.job.id']).toBe(data.startCognate.id)
  expect(JSON.stringify(spans)).not.toContain('secret-name')
  expect(JSON.stringify(collector.spans)).not.toContain(running.adminKey)
  // Signs of life and points come many times a second, and would bury the rest.
  expect(spans.filter(({ name }) => name.includes('job.progressed'))).toEqual([])
}, 120_000)

it('counts what it does, for Prometheus, in every process', async () => {
  await using forge = connectForge({ url: running.url, apiKey: running.adminKey })
  const ask = async (query: string, key = running.adminKey) => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` }
    const response = await fetch(`${running.url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) })
    return response.json()
  }
  const instances = 'query Instances { services { name url } }'
  const urlOf = await vi.waitFor(async () => {
    const { data } = await ask(instances)
    const services: readonly { name: string; url: string }[] = data.services
    const urls = new Map(services.map(({ name, url }) => [name, url]))
    expect([...urls.keys()]).toEqual(expect.arrayContaining(['training', 'worker', 'models']))
    return (service: string) => urls.get(service)!
  }, 20_000)
  const gateway = () => scrape(running.url)
  const training = () => scrape(urlOf('training'))
  const worker = () => scrape(urlOf('worker'))

  const [before, workerBefore] = [await gateway(), await worker()]
  await ask(instances)
  await ask('{ nothingOfThisName }')
  await ask('{ viewer { name } }', 'forge_wrong')
  const after = await gateway()
  const grown = (series: string) => (after.get(series) ?? 0) - (before.get(series) ?? 0)
  expect(grown('forge_operation_duration_seconds_count{operation="Instances",outcome="ok"}')).toBe(1)
  expect(grown('forge_subgraph_fetch_duration_seconds_count{subgraph="monitoring",outcome="ok"}')).toBe(1)
  expect(grown('forge_gateway_cache_lookups_total{cache="plan",outcome="hit"}')).toBeGreaterThan(0)
  expect(grown('forge_operation_errors_total{code="INVALID_INPUT"}')).toBe(1)
  expect(grown('forge_operation_errors_total{code="UNAUTHENTICATED"}')).toBe(1)
  expect(after.get('forge_subgraph_breaker_state{subgraph="training"}')).toBe(0)
  expect(after.get('forge_gateway_subscriptions')).toBe(0)

  const job = await forge.startCognate({ sizes, context: 32, batch: 4, steps: 200_000, checkpointEvery: 500 })
  const progress = forge.trainingProgress(job.id)
  await progress[Symbol.asyncIterator]().next()
  const watching = await gateway()
  expect(watching.get('forge_gateway_subscriptions')).toBe(1)
  expect(watching.get('forge_gateway_upstream_feeds')).toBe(1)
  expect(watching.get('forge_gateway_connections')).toBe(1)
  // The first event may say that the job waits, and the worker may still be at the end of the job before.
  await vi.waitFor(async () => {
    const busy = await worker()
    expect(busy.get(`forge_training_steps{job="${job.id}"}`)).toBe(200_000)
    expect(busy.get('forge_worker_running_jobs')).toBe(1)
    expect((await training()).get('forge_queue_tasks{queue="training",state="active"}')).toBe(1)
  }, 20_000)
  await vi.waitFor(async () => {
    const now = await worker()
    expect(now.get(`forge_training_tokens_per_second{job="${job.id}"}`)).toBeGreaterThan(0)
    expect(now.get('forge_training_steps_total')! - workerBefore.get('forge_training_steps_total')!).toBeGreaterThan(0)
  }, 20_000)

  await ask(`mutation { cancelJob(id: "${job.id}") { id } }`)
  await vi.waitFor(async () => {
    const now = await worker()
    expect(now.get('forge_worker_running_jobs')).toBe(0)
    expect(now.get('forge_training_attempts_total{outcome="withdrawn"}')).toBe(1)
    expect([...now.keys()].filter(series => series.includes(job.id))).toEqual([])
  }, 20_000)
  await vi.waitFor(async () => {
    const now = await training()
    expect(now.get('forge_consumer_lag_events{consumer="queue"}')).toBe(0)
    expect(now.get('forge_consumer_lag_seconds{consumer="queue"}')).toBe(0)
    expect(now.get('forge_consumer_events_total{consumer="queue",topic="job.queued",outcome="handled"}')).toBe(2)
    expect(now.get('forge_outbox_rows')).toBe(0)
    expect(now.get('process_cpu_seconds_total')).toBeGreaterThan(0)
  }, 10_000)
}, 120_000)

it('shows its metrics to this machine, and to whoever has the token', async () => {
  const status = async (headers: Record<string, string>) =>
    (await fetch(`${running.url}/metrics`, { headers: { 'x-forwarded-for': '10.0.0.1', ...headers } })).status
  expect((await fetch(`${running.url}/metrics`)).status).toBe(200)
  expect(await status({})).toBe(403)
  expect(await status({ authorization: 'Bearer token-of-the-scrapes' })).toBe(403)
  expect(await status({ authorization: `Bearer ${token}` })).toBe(200)
})

/** The series of a process by their text. */
async function scrape(url: string): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`${url}/metrics`)
  expect(response.status).toBe(200)
  const lines = (await response.text()).split('\n').filter(line => line && !line.startsWith('#'))
  return new Map(
    lines.map(line => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  )
}
