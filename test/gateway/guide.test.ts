import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openGatewayMetrics } from '../../gateway/metrics/metrics.ts'
import { readEnv } from '../../kernel/env.ts'
import { openTelemetry } from '../../kernel/telemetry/telemetry.ts'

const root = join(import.meta.dirname, '../..')
const guide = readFileSync(join(root, 'docs/gateway.md'), 'utf8')
const source = readFileSync(join(root, 'kernel/env.ts'), 'utf8')

it('the guide has every variable of the gateway, with its default', () => {
  const defaults = readEnv({}) as unknown as Record<string, unknown>
  const names = [...source.matchAll(/^ {2}((?:GATEWAY|OIDC|FORGE_TLS)_\w+): /gm)].map(([, name]) => name!)
  expect(names.length).toBeGreaterThan(20)
  expect(names.filter(name => !guide.includes(`\`${name}\``) && !guide.includes(`\`${name}=`))).toEqual([])

  const rows = new Map(
    [...guide.matchAll(/^\| `(GATEWAY_\w+)` \| (\S+) \|/gm)].map(([, name, value]) => [name!, value!]),
  )
  for (const [name, value] of rows) {
    const held = defaults[name]
    const isNothing = held === undefined || (typeof held === 'object' && Object.keys(held as object).length === 0)
    expect(isNothing ? '–' : String(held), name).toBe(value)
  }
  expect(names.filter(name => name.startsWith('GATEWAY_') && name !== 'GATEWAY_URL' && !rows.has(name))).toEqual([])
})

it('the guide has every metric of the gateway, and no other', async () => {
  const { metrics } = await openTelemetry('gateway', readEnv({}))
  const before = new Set(metrics.getMetricsAsArray().map(({ name }) => name))
  openGatewayMetrics(metrics)
  const own = metrics.getMetricsAsArray().flatMap(({ name }) => (before.has(name) ? [] : [name]))
  const named = [...guide.matchAll(/`(forge_\w+)`/g)].map(([, name]) => name)
  expect(named.sort()).toEqual(own.sort())
})
