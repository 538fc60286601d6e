import type { Blobs } from '../../kernel/blobs/blobs.ts'
import { checkedDigest } from '../../kernel/blobs/content.ts'
import type { PrismaClient } from '../../prisma/models/generated/client.ts'
import { aliasStore } from './aliases/store.ts'
import type { ModelsParts } from './builder.ts'
import { chatStore } from './chats/store.ts'
import { deletionStore } from './deletion/store.ts'
import { handoffStore } from './handoffs/store.ts'
import { historyStore } from './histories/store.ts'
import { callStore } from './idempotency/store.ts'
import type { UploadParts } from './imports/route.ts'
import { labelStore } from './labels/store.ts'
import { purgeStore } from './purging/store.ts'
import { blobArtifacts } from './registration/artifacts.ts'
import type { RegistrationParts } from './registration/service.ts'
import { registrationStore } from './registration/store.ts'
import { registryStore } from './registry/store.ts'
import { retentionStore } from './retention/store.ts'
import type { VersionSigner } from './signing/ports.ts'
import { versionStore } from './versions/store.ts'

interface Given {
  readonly db: PrismaClient
  readonly blobs: Blobs
  readonly signer: VersionSigner
  readonly undoMs: number
}

/** Every part that works on the database and the blob store. */
export const storedParts = ({ db, blobs, signer, undoMs }: Given) =>
  ({
    registry: registryStore(db),
    versions: versionStore(db),
    aliases: aliasStore(db),
    labels: labelStore(db),
    calls: callStore(db),
    handoffs: handoffStore(db),
    histories: historyStore(db),
    deletions: deletionStore(db),
    purges: purgeStore(db),
    retentions: retentionStore(db),
    registrations: registrationStore(db, async digest => (await blobs.find(digest)) !== null),
    artifacts: blobArtifacts(blobs),
    chats: chatStore(db),
    signer,
    async noteOrphan(digest: string) {
      await db.orphan.createMany({ data: [{ digest: checkedDigest(digest) }], skipDuplicates: true })
    },
    blobs,
    undoMs,
    now: () => new Date(),
  }) satisfies Omit<ModelsParts, 'loaders' | 'generators' | 'tell' | 'lagMs'> & RegistrationParts & UploadParts
