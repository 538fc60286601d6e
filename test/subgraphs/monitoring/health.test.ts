import { describe, expect, it } from 'vitest'
import { type FleetSnapshot, fleetHealth } from '../../../subgraphs/monitoring/fleet/health.ts'
import type { FleetNode } from '../../../subgraphs/monitoring/fleet/node.ts'
import { nodeStatus } from '../../../subgraphs/monitoring/fleet/node.ts'
import { heartbeatStatus } from '../../../subgraphs/monitoring/heartbeat.ts'
import { overallProgress } from '../../../subgraphs/monitoring/jobs/progress.ts'
import type { ServiceInstance } from '../../../subgraphs/monitoring/services/instance.ts'
import { instanceStatus } from '../../../subgraphs/monitoring/services/instance.ts'

const now = new Date('2026-01-31T12:00:00Z')
const ago = (ms: number) => new Date(now.getTime() - ms)

const instance = (given: Partial<ServiceInstance> = {}): ServiceInstance => ({
  id: 'svc_1',
  service: 'models',
  url: null,
  version: '1',
  startedAt: ago(60_000),
  lastSeenAt: ago(1_000),
  everyMs: 2_000,
  residentBytes: 1e8,
  cpu: 0.1,
  eventLoopLagMs: 3,
  ...given,
})

const node = (given: Partial<FleetNode> = {}): FleetNode => ({
  id: 'node_1',
  name: 'forge-1',
  cores: 4,
  memoryBytes: 8e9,
  memoryFreeBytes: 4e9,
  load: 1,
  slots: 4,
  slotsUsed: 1,
  executors: ['onnx'],
  everyMs: 2_000,
  lastSeenAt: ago(1_000),
  leftAt: null,
  ...given,
})

const snapshot = (given: Partial<FleetSnapshot> = {}): FleetSnapshot => ({
  nodes: [node()],
  instances: [instance()],
  jobs: [],
  speeds: [],
  ...given,
})

describe('a heartbeat', () => {
  it.each([
    [1_000, 'HEALTHY'],
    [4_000, 'HEALTHY'],
    [4_001, 'DEGRADED'],
    [6_000, 'DEGRADED'],
    [6_001, 'DOWN'],
    [-5_000, 'HEALTHY'],
  ])('%i ms after a report that comes every 2000 ms is %s', (silence, status) => {
    expect(heartbeatStatus({ lastSeenAt: ago(silence), everyMs: 2_000 }, now)).toBe(status)
  })
})

describe('the status of a process and of a machine', () => {
  it('is DEGRADED for a process that reports in time but was blocked', () => {
    expect(instanceStatus(instance({ eventLoopLagMs: 501 }), now)).toBe('DEGRADED')
  })

  it('is DEGRADED for a machine that is short of memory', () => {
    expect(nodeStatus(node({ memoryFreeBytes: 0.049 * 8e9 }), now)).toBe('DEGRADED')
  })

  it('is DOWN for a machine whose worker said goodbye, however fresh its last report', () => {
    expect(nodeStatus(node({ leftAt: now }), now)).toBe('DOWN')
  })
})

describe('fleetHealth', () => {
  it('is HEALTHY without a reason when everything reports', () => {
    expect(fleetHealth(snapshot(), now)).toMatchObject({ status: 'HEALTHY', reasons: [], id: 'fleet', at: now })
  })

  it('is DOWN when a service has no process left, and says which', () => {
    const health = fleetHealth(snapshot({ instances: [instance({ lastSeenAt: ago(9_000) })] }), now)
    expect(health).toMatchObject({ status: 'DOWN', services: { HEALTHY: 0, DEGRADED: 0, DOWN: 1 } })
    expect(health.reasons).toEqual([expect.stringContaining('models (svc_1): last reported 9 s ago')])
  })

  it('is only DEGRADED while another process of the service answers', () => {
    const instances = [instance({ lastSeenAt: ago(9_000) }), instance({ id: 'svc_2' })]
    expect(fleetHealth(snapshot({ instances }), now).status).toBe('DEGRADED')
  })

  it('is DEGRADED when no machine trains', () => {
    expect(fleetHealth(snapshot({ nodes: [] }), now)).toMatchObject({ status: 'DEGRADED', slotsTotal: 0 })
  })

  it('counts neither slots nor speed of a machine that fell silent', () => {
    const nodes = [node(), node({ id: 'node_2', lastSeenAt: ago(60_000), slotsUsed: 4 })]
    const speeds = [
      { nodeId: 'node_1', tokensPerSecond: 1_000 },
      { nodeId: 'node_1', tokensPerSecond: null },
      { nodeId: 'node_2', tokensPerSecond: 5_000 },
      { nodeId: null, tokensPerSecond: 7_000 },
    ]
    const health = fleetHealth(snapshot({ nodes, speeds }), now)
    expect(health).toMatchObject({ slotsTotal: 4, slotsUsed: 1, tokensPerSecond: 1_000, status: 'DEGRADED' })
  })
})

describe('overallProgress', () => {
  it('weighs unfinished jobs by their steps and leaves finished ones out', () => {
    const counts = [
      { status: 'RUNNING', count: 2, steps: 150, totalSteps: 200 },
      { status: 'QUEUED', count: 1, steps: 0, totalSteps: 100 },
      { status: 'COMPLETED', count: 9, steps: 900, totalSteps: 900 },
    ] as const
    expect(overallProgress(counts)).toBe(0.5)
  })

  it('is null when nothing is to be done', () => {
    expect(overallProgress([{ status: 'FAILED', count: 1, steps: 1, totalSteps: 2 }])).toBeNull()
  })
})
