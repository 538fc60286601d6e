import { openPrisma } from '../../../kernel/database/prisma.ts'
import { newId } from '../../../kernel/ids.ts'
import { PrismaClient } from '../../../prisma/training/generated/client.ts'
import { claimJob } from '../../../subgraphs/training/attempts/service.ts'
import { attemptStore } from '../../../subgraphs/training/attempts/store.ts'
import { checkpointStore } from '../../../subgraphs/training/checkpoints/store.ts'
import type { Dataset } from '../../../subgraphs/training/datasets/dataset.ts'
import { datasetStore } from '../../../subgraphs/training/datasets/store.ts'
import { jobQueued, plainNeeds, type TrainingJob, untouched } from '../../../subgraphs/training/jobs/job.ts'
import { jobStore } from '../../../subgraphs/training/jobs/store.ts'
import { logStore } from '../../../subgraphs/training/logs/store.ts'
import { metricStore } from '../../../subgraphs/training/metrics/store.ts'
import { lineStore } from '../../../subgraphs/training/scheduling/store.ts'
import { sweepStore } from '../../../subgraphs/training/sweeps/store.ts'
import { serviceDatabase } from '../../support/service-database.ts'

export const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`

export const place = { nodeId: 'node_1', executors: ['onnx', 'tfjs-wasm'], executor: 'onnx' }

export const newDataset = (change: Partial<Dataset> = {}): Dataset => ({
  id: newId('ds'),
  project: 'default',
  name: 'words',
  digest: digestOf('a'),
  sizeBytes: 5_000_000_000,
  characters: 4_000_000_000,
  documents: 1,
  shortestBytes: null,
  longestBytes: null,
  samples: null,
  source: null,
  idempotencyKey: null,
  createdAt: new Date('2026-03-01T12:00:00.000Z'),
  ...change,
})

export const newJob = (datasetId: string, change: Partial<TrainingJob> = {}): TrainingJob => ({
  ...untouched,
  id: newId('job'),
  project: 'default',
  phase: 'COGNATE',
  modelName: 'moby',
  preset: 'NANO',
  seed: 42,
  totalSteps: 100,
  config: { steps: 100 },
  datasetId,
  datasetFingerprint: digestOf('a'),
  ...plainNeeds,
  labels: ['night'],
  principal: 'key_1',
  runId: null,
  stepName: null,
  groupId: null,
  controlOf: null,
  idempotencyKey: null,
  createdAt: new Date('2026-03-01T12:00:00.000Z'),
  queuedAt: new Date('2026-03-01T12:00:00.000Z'),
  ...change,
})

/** The stores of training on a database of their own, with one dataset. */
export async function trainingStores() {
  const open = new AsyncDisposableStack()
  const { pool } = open.use(await serviceDatabase('training'))
  const db = open.use(openPrisma(PrismaClient, pool))
  const removed: string[] = []
  const stores = {
    jobs: jobStore(db),
    datasets: datasetStore(db),
    attempts: attemptStore(db),
    metrics: metricStore(db),
    logs: logStore(db),
    checkpoints: checkpointStore(db),
    line: lineStore(db),
    sweeps: sweepStore(db),
    now: () => new Date(),
    blobs: { remove: async (digest: string) => void removed.push(digest) },
  }
  const dataset = await stores.datasets.add(newDataset())
  const addJob = (change: Partial<TrainingJob> = {}) => {
    const job = newJob(dataset.id, change)
    return stores.jobs.add(job, jobQueued(job))
  }
  return {
    ...stores,
    db,
    pool,
    dataset,
    /** Digests of the blobs that were removed. */
    removed,
    addJob,
    /** Adds a job, and has a worker take it. */
    async claimed(change: Partial<TrainingJob> = {}) {
      const job = await addJob(change)
      const claim = await claimJob(stores, job.id, place)
      if (typeof claim === 'string') throw new Error(claim)
      return claim
    },
    /** Topics of what waits to be published, in order; the log, and the dataset that stands here at first, beside. */
    topics: async () => {
      const topic = { notIn: ['job.logged', 'dataset.added'] }
      const rows = await db.outbox.findMany({ where: { topic }, orderBy: { position: 'asc' } })
      return rows.map(({ topic }) => topic)
    },
    /** The statements that some work makes outside of transactions, with the number of rows that each answers. */
    async statementsOf(work: () => Promise<unknown>) {
      const statements: { readonly text: string; readonly rows: number }[] = []
      const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<{ rows: unknown[] }>
      const counted = async (...args: unknown[]) => {
        const result = await query(...args)
        statements.push({ text: String((args[0] as { text?: string }).text ?? args[0]), rows: result.rows.length })
        return result
      }
      Object.assign(pool, { query: counted })
      await work()
      Object.assign(pool, { query })
      return statements
    },
    /** Lets the lease of a job run out. */
    expire: (id: string) => db.$executeRaw`UPDATE job SET lease_until = now() - interval '1 s' WHERE id = ${id}`,
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}
