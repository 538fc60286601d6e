import { openPrisma } from '../../kernel/database/prisma.ts'
import { openDatabase } from '../../kernel/database/service-database.ts'
import type { Env } from '../../kernel/env.ts'
import { newId } from '../../kernel/ids.ts'
import { openLog } from '../../kernel/log.ts'
import { PrismaClient } from '../../prisma/training/generated/client.ts'
import type { Claim } from '../../subgraphs/training/attempts/attempt.ts'
import { recordPoints } from '../../subgraphs/training/attempts/service.ts'
import { attemptStore } from '../../subgraphs/training/attempts/store.ts'
import { plainNeeds, type TrainingJob, untouched } from '../../subgraphs/training/jobs/job.ts'
import { newRow } from '../../subgraphs/training/jobs/store.ts'

/** Of one write, as a busy training sends them. */
const batch = 500

/**
 * Writes a job with `count` points of one metric as a worker does, every batch with its event in one transaction;
 * answers its id and how long that took, in seconds. The curve falls, with noise, and has one spike at `spikeAt`.
 */
export async function writeLargeJob(env: Env, count: number, spikeAt: number) {
  await using database = await openDatabase('training', env, openLog('bench', 'silent'))
  await using db = openPrisma(PrismaClient, database.pool)
  const { id: datasetId, digest } = await db.dataset.findFirstOrThrow()
  const job: TrainingJob = { ...large, id: newId('job'), totalSteps: count, datasetId, datasetFingerprint: digest }
  await db.job.create({ data: { ...newRow(job), leaseUntil: new Date(Date.now() + 60_000) } })

  const parts = { attempts: attemptStore(db), blobs: { remove: async () => {} }, now: () => new Date() }
  const claim: Claim = { attempt: { jobId: job.id, number: 1 }, job, checkpoints: [], recorded: {} }
  const at = new Date().toISOString()
  const began = performance.now()
  for (let from = 1; from <= count; from += batch) {
    const points = Array.from({ length: Math.min(batch, count - from + 1) }, (_, index) => {
      const step = from + index
      return { name: 'loss', step, value: step === spikeAt ? 50 : 6 / Math.log(step + 2) + Math.sin(step) / 10, at }
    })
    const status = await recordPoints(parts, claim, points.at(-1)!.step, points)
    if (status !== 'RUNNING') throw new Error(`After step ${from} the job is ${status}`)
  }
  return { id: job.id, batch, seconds: (performance.now() - began) / 1000 }
}

/** Runs nowhere: its only attempt is the one that writes here. */
const large: Omit<TrainingJob, 'id' | 'totalSteps' | 'datasetId' | 'datasetFingerprint'> = {
  ...untouched,
  project: 'default',
  phase: 'COGNATE',
  status: 'RUNNING',
  modelName: 'large',
  preset: null,
  seed: 1,
  config: {},
  executor: 'onnx',
  nodeId: 'node_bench',
  ...plainNeeds,
  requirements: ['bench'],
  principal: 'bench',
  runId: null,
  stepName: null,
  groupId: null,
  controlOf: null,
  idempotencyKey: null,
  attempts: 1,
  createdAt: new Date(),
  queuedAt: new Date(),
  startedAt: new Date(),
}
