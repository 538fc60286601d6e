import { newId } from '../../../kernel/ids.ts'
import type { PrismaClient } from '../../../prisma/training/generated/client.ts'
import type { Transaction } from '../outbox.ts'
import { type Checkpoint, type Kept, superfluous } from './checkpoint.ts'
import type { Checkpoints } from './ports.ts'

export function checkpointStore(database: PrismaClient): Checkpoints {
  return { ofJob: jobId => newestCheckpoints(database, jobId) }
}

export async function newestCheckpoints(tx: Transaction, jobId: string): Promise<readonly Checkpoint[]> {
  const rows = await tx.checkpoint.findMany({ where: { jobId }, orderBy: { step: 'desc' } })
  return rows.map(row => ({ ...row, sizeBytes: Number(row.sizeBytes) }))
}

export type NewCheckpoint = Pick<Checkpoint, 'jobId' | 'attempt' | 'step' | 'digest' | 'sizeBytes' | 'validationLoss'>

/**
 * Adds a checkpoint, in place of one of the same step; answers the digests of those that are no longer kept, that one's
 * too, and whether none was newer.
 */
export async function addCheckpoint(tx: Transaction, checkpoint: NewCheckpoint, kept: Kept) {
  const { jobId, step } = checkpoint
  const before = await tx.checkpoint.findMany({ where: { jobId } })
  await tx.checkpoint.upsert({
    where: { jobId_step: { jobId, step } },
    create: { ...checkpoint, id: newId('ckpt') },
    update: { ...checkpoint, createdAt: new Date() },
  })
  const others = before.filter(other => other.step !== step)
  const replaced = before.filter(other => other.step === step && other.digest !== checkpoint.digest)
  const dropped = superfluous([...others, checkpoint], kept)
  if (dropped.length > 0) {
    await tx.checkpoint.deleteMany({ where: { jobId, step: { in: dropped.map(({ step }) => step) } } })
  }
  return {
    dropped: [...dropped, ...replaced].map(({ digest }) => digest),
    isNewest: before.every(other => other.step < step),
  }
}
