import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { until } from '../support/condition.ts'
import { startFederatedGraph } from '../support/federated-graph.ts'
import { gatewayOf } from '../support/gateway.ts'
import { library } from '../support/library.ts'

it('a browser that cannot have Sandbox gets GraphiQL, which reads the schema', { timeout: 180_000 }, async context => {
  if (spawnSync('chromium', ['--version']).error) return context.skip('it needs the program chromium')
  await using graph = await startFederatedGraph(library().sources)
  await using gateway = await gatewayOf(graph)
  const profile = await mkdtemp(join(tmpdir(), 'forge-chromium-'))
  const options = [
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    // No network but this machine's own.
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
    `--user-data-dir=${profile}`,
  ]
  const introspected = async () => {
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text()
    return metrics.includes('forge_operation_duration_seconds_count{operation="IntrospectionQuery",outcome="ok"}')
  }
  expect(await introspected()).toBe(false)
  const browser = spawn('chromium', [...options, `${gateway.url}/graphql`], { stdio: 'ignore' })
  try {
    await until('GraphiQL has asked for the schema', introspected, 150_000)
  } finally {
    browser.kill('SIGKILL')
    await once(browser, 'exit')
    await rm(profile, { recursive: true, force: true, maxRetries: 5 })
  }
})
