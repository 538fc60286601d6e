import type { Blobs } from '../../../kernel/blobs/blobs.ts'
import { createOutbox } from '../../../kernel/outbox.ts'
import { eventData, type TopicData } from '../../../schema/events.ts'
import type { Deletion } from '../deletion/deletion.ts'
import { notPending } from '../deletion/errors.ts'
import { type DeletionParts, findDeletion } from '../deletion/service.ts'
import type { VersionSigner } from '../signing/ports.ts'
import type { Inventory, Purges } from './ports.ts'

export interface PurgingParts {
  readonly purges: Purges
  readonly blobs: Pick<Blobs, 'collect' | 'find'>
  readonly signer: VersionSigner
  /** Age in milliseconds of the first event that is not heard yet. */
  lagMs(): Promise<number>
  now(): Date
}

/** An event may need bytes that were stored so long before it, in milliseconds. */
const GRACE_MS = 60 * 60 * 1000

const outboxRow = createOutbox<TopicData>(eventData)

/** Purges one deletion at once. Throws CONFLICT unless it is pending. */
export async function purgeNow(parts: PurgingParts & DeletionParts, id: string): Promise<Deletion> {
  const found = await findDeletion(parts, id)
  const begun = await begin(parts, found)
  if (!begun) throw notPending(found)
  return proceed(parts, begun, await horizon(parts))
}

/** Purges what is due, and removes bytes that are nobody's any more. */
export async function sweep(parts: PurgingParts): Promise<void> {
  const before = await horizon(parts)
  for (const digest of await parts.purges.orphans()) await collect(parts, digest, before)
  for (const deletion of await parts.purges.due(parts.now())) {
    const begun = deletion.status === 'PENDING' ? await begin(parts, deletion) : deletion
    if (begun) await proceed(parts, begun, before)
  }
}

function begin({ purges, now }: PurgingParts, { id, project }: Deletion): Promise<Deletion | null> {
  return purges.begin(id, versionId =>
    outboxRow('version.purged', { key: versionId, project, data: { versionId, deletionId: id } }, now()),
  )
}

/** Ends the deletion with a signed proof, or leaves it for the next sweep where bytes are too young to be removed. */
async function proceed(parts: PurgingParts, deletion: Deletion, before: Date): Promise<Deletion> {
  const { purges, signer, blobs, now } = parts
  const { versions, digests }: Inventory = JSON.parse(deletion.proof!)
  for (const digest of digests) await collect(parts, digest, before)
  const { waiting, used } = await purges.remains(digests)
  if (waiting > 0) return deletion

  const usedBy = new Map(used.map(({ digest, usedBy }) => [digest, usedBy]))
  const bytes = await Promise.all(
    digests.map(async digest => ({
      digest,
      stored: (await blobs.find(digest)) !== null,
      usedBy: usedBy.get(digest) ?? [],
    })),
  )
  const { id, project, requestedBy, reason, requestedAt } = deletion
  const purgedAt = now()
  const proof = { format: 'agent-forge/purge@1', signedBy: signer.keyId, deletion: id, project, requestedBy, reason }
  const seal = signer.seal(JSON.stringify({ ...proof, requestedAt, purgedAt, versions, bytes }))
  return purges.finish(id, seal, purgedAt)
}

/** No event that is still to be heard needs bytes that were stored before, unless somebody has them already. */
const horizon = async ({ lagMs, now }: PurgingParts) => new Date(now().getTime() - (await lagMs()) - GRACE_MS)

const collect = ({ purges, blobs }: PurgingParts, digest: string, before: Date) =>
  purges.settle(digest, () => blobs.collect(digest, before))
