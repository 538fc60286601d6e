import { createHash } from 'node:crypto'
import { availableParallelism, freemem, loadavg, totalmem } from 'node:os'
import type { Bus } from '../../../kernel/bus/bus.ts'
import type { Env } from '../../../kernel/env.ts'
import { newId } from '../../../kernel/ids.ts'
import type { Log } from '../../../kernel/log.ts'
import { eventData } from '../../../schema/events.ts'

const everyMs = 2_000

export interface WorkerNode {
  readonly id: string
  readonly name: string
  readonly slots: number
  /** For a job that starts as one of so many that run. */
  threadsFor(running: number): number
}

/** The same machine with the same data folder is the same node, also after a restart. */
export function describeNode({ FORGE_NODE: name, FORGE_DATA, FORGE_SLOTS, FORGE_THREADS }: Env): WorkerNode {
  const digest = createHash('sha256').update(`${name}\n${FORGE_DATA}`).digest('hex')
  const cores = availableParallelism()
  return {
    id: `node_${digest.slice(0, 26)}`,
    name,
    slots: FORGE_SLOTS ?? cores,
    // Threads that wait for a core spin: jobs that share the cores are faster with fewer. The numbers stay the same.
    threadsFor: running => FORGE_THREADS ?? Math.max(1, Math.floor(cores / running)),
  }
}

interface NodeReporting {
  readonly bus: Bus
  readonly node: WorkerNode
  readonly log: Log
  jobIds(): readonly string[]
  executors(): readonly string[]
}

/** Publishes every 2 s what the node measures of itself, and says goodbye when closed. */
export function reportNode({ bus, node, log, jobIds, executors }: NodeReporting): AsyncDisposable {
  const send = (topic: 'node.reported' | 'node.left', data: object) =>
    bus
      .publish([
        // The fleet belongs to no project.
        {
          id: newId('evt'),
          topic,
          key: node.id,
          project: '*',
          at: new Date().toISOString(),
          data: eventData(topic, data),
        },
      ])
      .catch(error => log.warn({ err: error, topic }, 'a report about this node was not published'))

  let sending: Promise<void> | undefined
  const report = () => {
    // While the log takes nothing, reports are left out instead of piling up.
    sending ??= send('node.reported', {
      nodeId: node.id,
      name: node.name,
      cores: availableParallelism(),
      ...memory(),
      load: loadavg()[0],
      slots: node.slots,
      jobIds: [...jobIds()],
      executors: [...executors()],
      everyMs,
    }).finally(() => {
      sending = undefined
    })
  }
  report()
  const timer = setInterval(report, everyMs)

  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      await sending
      await send('node.left', { nodeId: node.id })
    },
  }
}

/** In bytes; a container's limit counts where it is the smaller one. */
function memory() {
  const limit = process.constrainedMemory()
  const isLimited = limit > 0 && limit < totalmem()
  return isLimited
    ? { memoryBytes: limit, memoryFreeBytes: process.availableMemory() }
    : { memoryBytes: totalmem(), memoryFreeBytes: freemem() }
}
