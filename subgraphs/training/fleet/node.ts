import { createHash } from 'node:crypto'
import { availableParallelism, freemem, loadavg, totalmem } from 'node:os'
import type { Bus } from '../../../kernel/bus/bus.ts'
import type { Env } from '../../../kernel/env.ts'
import { newId } from '../../../kernel/ids.ts'
import type { Log } from '../../../kernel/log.ts'
import { eventData } from '../../../schema/events.ts'
import type { Capacity } from '../scheduling/turn.ts'

const everyMs = 2_000
/** Of the memory of a machine; the rest is for the forge and the system. */
const jobShare = 0.9

export interface WorkerNode {
  readonly id: string
  readonly name: string
  /** What jobs may take of it. */
  readonly total: Capacity
  readonly labels: readonly string[]
  /** For a job that takes so many of the slots that are in use, its own among them. */
  threadsFor(slots: number, used: number): number
}

/** The same machine with the same data folder is the same node, also after a restart. */
export function describeNode(env: Env): WorkerNode {
  const { FORGE_NODE: name, FORGE_DATA, FORGE_SLOTS, FORGE_THREADS, FORGE_MEMORY, FORGE_LABELS } = env
  const digest = createHash('sha256').update(`${name}\n${FORGE_DATA}`).digest('hex')
  const cores = availableParallelism()
  return {
    id: `node_${digest.slice(0, 26)}`,
    name,
    total: {
      slots: FORGE_SLOTS ?? cores,
      memoryBytes: FORGE_MEMORY === undefined ? Math.floor(memory().memoryBytes * jobShare) : FORGE_MEMORY * 2 ** 20,
    },
    labels: [...FORGE_LABELS, `node=${name}`],
    // Threads that wait for a core spin: jobs that share the cores are faster with fewer. The numbers stay the same.
    threadsFor: (slots, used) => FORGE_THREADS ?? Math.max(1, Math.floor((cores * slots) / used)),
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
      slots: node.total.slots,
      jobMemoryBytes: node.total.memoryBytes,
      labels: [...node.labels],
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
