import { mayAccess } from '../../../kernel/auth/identity.ts'
import { newId } from '../../../kernel/ids.ts'
import { createOutbox } from '../../../kernel/outbox.ts'
import { eventData, type TopicData } from '../../../schema/events.ts'
import { type Resolving, resolveRef } from '../versions/service.ts'
import type { ModelVersion } from '../versions/version.ts'
import { type Deletion, type Preview, tokenOf } from './deletion.ts'
import { aliasesNameThem, changedSince, deletionNotFound, nothingNamed, notPending, tooManyNamed } from './errors.ts'
import type { Deletions } from './ports.ts'

export type DeletionParts = Resolving & {
  readonly deletions: Deletions
  /** How long a deletion can be undone, in milliseconds. */
  readonly undoMs: number
  now(): Date
}

const most = 100
const outboxRow = createOutbox<TopicData>(eventData)

/** What deleting these versions would remove, and who depends on it. Changes nothing. */
export async function previewDeletion(
  parts: DeletionParts,
  refs: readonly string[],
  project?: string | null,
): Promise<Preview> {
  if (refs.length === 0) throw nothingNamed()
  if (refs.length > most) throw tooManyNamed(refs.length, most)
  const resolved = await Promise.all(refs.map(ref => resolveRef(parts, ref, project)))
  return previewOf(parts, resolved)
}

export async function previewOf(parts: DeletionParts, resolved: readonly ModelVersion[]): Promise<Preview> {
  const { versions: store, aliases, registry, deletions } = parts
  const versions = [...new Map(resolved.map(version => [version.id, version])).values()]
  const ids = versions.map(({ id }) => id)
  const children = await store.children(ids)
  const models = await registry.byId([...new Set(versions.map(({ modelId }) => modelId))])
  const nameOf = new Map(models.map(({ id, name }) => [id, name]))
  return {
    versions,
    refs: versions.map(({ modelId, number }) => `${nameOf.get(modelId)}/${number}`),
    dependents: children.filter(({ id }) => !ids.includes(id)),
    aliases: (await aliases.ofVersions(ids)).map(({ modelId, name }) => `${nameOf.get(modelId)}@${name}`),
    ...(await deletions.measure(ids)),
  }
}

/** Hides what a preview has shown; `token` is the preview's. It can be undone until `purgeAfter`. */
export async function deleteVersions(
  parts: DeletionParts,
  input: { refs: readonly string[]; token: string; reason?: string | null; project?: string | null },
): Promise<Deletion> {
  const preview = await previewDeletion(parts, input.refs, input.project)
  if (preview.aliases.length > 0) throw aliasesNameThem(preview.aliases)
  if (tokenOf(preview) !== input.token) throw changedSince()
  return hide(parts, preview, parts.identity.principal, input.reason ?? '')
}

export async function hide(
  parts: Pick<DeletionParts, 'deletions' | 'undoMs' | 'now'>,
  { versions, refs }: Preview,
  principal: string,
  reason: string,
): Promise<Deletion> {
  const requestedAt = parts.now()
  const project = versions[0]!.project
  const deletion: Deletion = {
    id: newId('deletion'),
    project,
    status: 'PENDING',
    requestedBy: principal,
    reason,
    refs,
    requestedAt,
    purgeAfter: new Date(requestedAt.getTime() + parts.undoMs),
    settledAt: null,
    proof: null,
    signature: null,
    keyId: null,
  }
  const ids = versions.map(({ id }) => id)
  const events = ids.map(versionId => {
    const data = { versionId, deletionId: deletion.id, principal }
    return outboxRow('version.deleted', { key: versionId, project, data }, requestedAt)
  })
  if (!(await parts.deletions.create(deletion, ids, events))) throw changedSince()
  return deletion
}

/** Shows the versions again, as they were. Throws CONFLICT once they are purged. */
export async function undoDeletion(parts: DeletionParts, id: string): Promise<Deletion> {
  const { principal } = parts.identity
  const found = await findDeletion(parts, id)
  const at = parts.now()
  const undone = await parts.deletions.undo(id, at, versionId => {
    const data = { versionId, deletionId: id, principal }
    return outboxRow('version.restored', { key: versionId, project: found.project, data }, at)
  })
  if (!undone) throw notPending((await parts.deletions.find(id)) ?? found)
  return undone
}

/** Throws NOT_FOUND; what another project deleted is not there. */
export async function findDeletion(
  { deletions, identity }: Pick<DeletionParts, 'deletions' | 'identity'>,
  id: string,
): Promise<Deletion> {
  const deletion = await deletions.find(id)
  if (!deletion || !mayAccess(identity, deletion.project)) throw deletionNotFound(id)
  return deletion
}
