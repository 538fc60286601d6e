import { newId } from '../../../kernel/ids.ts'
import type { PrismaClient } from '../../../prisma/training/generated/client.ts'
import type { Transaction } from '../outbox.ts'
import { type Checkpoint, keptCheckpoints } from './checkpoint.ts'
import type { Checkpoints } from './ports.ts'

export function checkpointStore(database: PrismaClient): Checkpoints {
  return { ofJob: jobId => newestCheckpoints(database, jobId) }
}

export async function newestCheckpoints(tx: Transaction, jobId: string): Promise<readonly Checkpoint[]> {
  const rows = await tx.checkpoint.findMany({ where: { jobId }, orderBy: { step: 'desc' } })
  return rows.map(row => ({ ...row, sizeBytes: Number(row.sizeBytes) }))
}

export type NewCheckpoint = Pick<Checkpoint, 'jobId' | 'attempt' | 'step' | 'digest' | 'sizeBytes'>

/** Adds a checkpoint, in place of one of the same step; answers the digests of those that are no longer kept. */
export async function addCheckpoint(tx: Transaction, checkpoint: NewCheckpoint): Promise<readonly string[]> {
  const { jobId, step } = checkpoint
  await tx.checkpoint.upsert({
    where: { jobId_step: { jobId, step } },
    create: { ...checkpoint, id: newId('ckpt') },
    update: { ...checkpoint, createdAt: new Date() },
  })
  const older = await tx.checkpoint.findMany({ where: { jobId }, orderBy: { step: 'desc' }, skip: keptCheckpoints })
  if (older.length > 0) await tx.checkpoint.deleteMany({ where: { id: { in: older.map(({ id }) => id) } } })
  return older.map(({ digest }) => digest)
}
