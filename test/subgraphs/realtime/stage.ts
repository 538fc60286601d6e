import type { Identity } from '../../../kernel/auth/identity.ts'
import { roles } from '../../../kernel/auth/identity.ts'
import type { Bus, EventDraft } from '../../../kernel/bus/bus.ts'
import { newId } from '../../../kernel/ids.ts'
import { type EventData, eventData, retention, type Topic } from '../../../schema/events.ts'
import { openHub } from '../../../subgraphs/realtime/feed/hub.ts'
import type { Ear, Hub } from '../../../subgraphs/realtime/feed/ports.ts'
import type { About, StreamParts } from '../../../subgraphs/realtime/streams/ports.ts'
import { keepSubject } from '../../../subgraphs/realtime/subjects/events.ts'
import type { Subject } from '../../../subgraphs/realtime/subjects/subject.ts'
import { openMemoryBus } from '../../kernel/bus/memory.ts'

export const viewer: Identity = { principal: 'key_1', name: 'viewer', project: 'default', scopes: roles.viewer }
export const stranger: Identity = { ...viewer, principal: 'key_2', project: 'other' }

/** Realtime without a server: the services over an event log in memory. */
export async function openStage({ queue = 1_000, keep = retention } = {}) {
  const bus: Bus = openMemoryBus(keep)
  const hub: Hub = await openHub(bus, queue)
  const subjects = new Map<string, Subject>()
  const ears: Ear[] = []
  const port = {
    find: async (id: string) => subjects.get(id) ?? null,
    put: async (subject: Subject) => void subjects.set(subject.id, subject),
  }
  const connections = {
    track: <T extends object>(_about: About, open: (watch: (ear: Ear) => void) => AsyncGenerator<T, void>) =>
      open(ear => ears.push(ear)),
  }
  const left: string[] = []
  const chatReaders = { left: (chatId: string) => void left.push(chatId) }
  const parts: StreamParts = { log: bus, hub, subjects: port, connections, chatReaders, now: () => new Date() }
  return {
    parts,
    bus,
    /** The queues of the streams that have begun, in their order. */
    ears,
    /** Chats that a reader left. */
    left,
    remember: (event: Parameters<typeof keepSubject>[1]) => keepSubject(port, event),
    [Symbol.asyncDispose]: () => hub[Symbol.asyncDispose](),
  }
}

let second = 0
export function draft<T extends Topic>(topic: T, key: string, data: EventData<T>, project = 'default'): EventDraft {
  second += 1
  const at = new Date(Date.UTC(2026, 0, 1) + second * 1_000).toISOString()
  return { id: newId('evt'), topic, key, project, at, data: eventData(topic, data) }
}

const origin = { runId: null, stepName: null }
const place = (jobId: string, step: number) => ({ jobId, step, totalSteps: 100, ...origin })

export const job = {
  queued: (id: string, project?: string) =>
    draft(
      'job.queued',
      id,
      { jobId: id, phase: 'COGNATE', modelName: 'm', totalSteps: 100, seed: 1, ...origin },
      project,
    ),
  started: (id: string, step = 0) =>
    draft('job.started', id, { ...place(id, step), attempt: 1, nodeId: 'node_1', executor: 'onnx' }),
  progressed: (id: string, step: number) =>
    draft('job.progressed', id, {
      ...place(id, step),
      attempt: 1,
      points: [
        { name: 'loss', step, value: 10 / step, at: new Date(Date.UTC(2026, 0, 1) + step).toISOString() },
        { name: 'tokens_per_second', step, value: 1_000 + step, at: new Date(0).toISOString() },
      ],
    }),
  paused: (id: string, step: number) => draft('job.paused', id, place(id, step)),
  resumed: (id: string, step: number) => draft('job.resumed', id, place(id, step)),
  failed: (id: string, step: number) =>
    draft('job.failed', id, { ...place(id, step), error: { code: 'DIVERGED', message: 'loss is NaN' } }),
  cancelled: (id: string, step: number) => draft('job.cancelled', id, place(id, step)),
}

export const run = (
  topic: 'run.started' | 'run.progressed' | 'run.finished',
  id: string,
  status: EventData<'run.started'>['status'],
  progress: number,
) =>
  draft(topic, id, {
    runId: id,
    pipeline: 'cognate',
    status,
    progress,
    steps: [{ name: 'pretrain', status, jobId: 'job_1', versionId: null }],
  })

/** Reads until the stream ends or `count` events have come. */
export async function take<T>(count: number, stream: AsyncGenerator<T, void>): Promise<T[]> {
  const taken: T[] = []
  if (count === 0) return taken
  for await (const event of stream) {
    taken.push(event)
    if (taken.length === count) break
  }
  return taken
}

export const toEnd = <T>(stream: AsyncGenerator<T, void>) => take(Number.POSITIVE_INFINITY, stream)
