import type { Prisma } from '../../../prisma/models/generated/client.ts'
import { missingFile } from '../registration/errors.ts'
import type { ModelFile } from '../versions/version.ts'

/**
 * Until the transaction ends nobody collects the bytes of these files: collecting takes the same locks, alone. What was
 * collected since the files were checked throws NOT_FOUND.
 */
export async function holdCollection(
  transaction: Prisma.TransactionClient,
  files: readonly ModelFile[],
  present: (digest: string) => Promise<boolean>,
): Promise<void> {
  // In one order everywhere, so that two never wait for each other.
  for (const digest of files.map(({ digest }) => digest).sort()) {
    await transaction.$executeRaw`SELECT pg_advisory_xact_lock_shared(hashtextextended(${`blob:${digest}`}, 0))`
  }
  for (const file of files) if (!(await present(file.digest))) throw missingFile(file)
}

export async function lockDigest(transaction: Prisma.TransactionClient, digest: string): Promise<void> {
  await transaction.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`blob:${digest}`}, 0))`
}
