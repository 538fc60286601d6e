import { availableParallelism } from 'node:os'
import { expect, it } from 'vitest'
import type { Bus, EventDraft } from '../../../../kernel/bus/bus.ts'
import { readEnv } from '../../../../kernel/env.ts'
import { eventData } from '../../../../schema/events.ts'
import { describeNode, reportNode } from '../../../../subgraphs/training/fleet/node.ts'
import { silentLog } from '../../../support/silent-log.ts'

const env = (change: Record<string, string> = {}) => readEnv({ FORGE_NODE: 'anvil', FORGE_DATA: '/data', ...change })

it('a machine with its data folder is the same node after a restart, and another one elsewhere', () => {
  expect(describeNode(env()).id).toBe(describeNode(env()).id)
  expect(describeNode(env()).id).toMatch(/^node_[0-9a-f]{26}$/)
  expect(describeNode(env({ FORGE_NODE: 'hammer' })).id).not.toBe(describeNode(env()).id)
  expect(describeNode(env({ FORGE_DATA: '/other' })).id).not.toBe(describeNode(env()).id)
})

it('jobs share the cores unless their threads are given', () => {
  const cores = availableParallelism()
  expect(describeNode(env()).threadsFor(1, 1)).toBe(cores)
  expect(describeNode(env()).threadsFor(1, cores * 2)).toBe(1)
  expect(describeNode(env({ FORGE_THREADS: '3' })).threadsFor(1, 5)).toBe(3)
  expect(describeNode(env()).threadsFor(cores, cores)).toBe(cores)
  expect(describeNode(env()).total.slots).toBe(cores)
})

it('a node reports what it measures, and says goodbye', async () => {
  const published: EventDraft[] = []
  const bus = { publish: async (events: readonly EventDraft[]) => void published.push(...events) } as Bus
  const node = describeNode(env({ FORGE_SLOTS: '4' }))
  {
    await using _reporting = reportNode({
      bus,
      node,
      log: silentLog,
      jobIds: () => ['job_1'],
      executors: () => ['onnx'],
    })
  }
  expect(published.map(({ topic, key, project }) => [topic, key, project])).toEqual([
    ['node.reported', node.id, '*'],
    ['node.left', node.id, '*'],
  ])
  const report = eventData('node.reported', published[0]!.data)
  expect(report).toMatchObject({ name: 'anvil', slots: 4, jobIds: ['job_1'], executors: ['onnx'], everyMs: 2000 })
  expect(report.memoryBytes).toBeGreaterThan(report.memoryFreeBytes)
  expect(report.memoryFreeBytes).toBeGreaterThan(0)
})
