import { createOutbox } from '../../../kernel/outbox.ts'
import { eventData, type TopicData } from '../../../schema/events.ts'
import type { Model } from '../registry/model.ts'
import { findModel } from '../registry/service.ts'
import { isAliasName, LATEST } from '../versions/ref.ts'
import { type Resolving, resolveRef } from '../versions/service.ts'
import type { ModelVersion } from '../versions/version.ts'
import { aliasMoved, invalidAlias, noSuchAlias, reservedAlias, versionDeleted } from './errors.ts'
import type { Alias, Announce, Expected } from './ports.ts'

interface SetAlias {
  readonly ref: string
  readonly alias: string
  readonly project?: string | null
  readonly expected?: string | null
}

const outboxRow = createOutbox<TopicData>(eventData)

/**
 * Makes the alias name this version; the same call again changes nothing. Throws CONFLICT where the caller expected it to
 * name another (`none`: no) version than it does: of two who expect the same, one wins.
 */
export async function setAlias(parts: Resolving, { ref, alias, project, expected }: SetAlias): Promise<ModelVersion> {
  checkAlias(alias)
  const version = await resolveRef(parts, ref, project)
  const before: Expected =
    expected == null ? undefined : expected === 'none' ? null : (await resolveRef(parts, expected, project)).id
  const [model] = await parts.registry.byId([version.modelId])
  const row: Alias = { modelId: version.modelId, name: alias, versionId: version.id }
  const refused = await parts.aliases.point(row, before, announcing(parts, model!, alias, version.id))
  if (refused === 'deleted') throw versionDeleted(ref)
  if (refused) {
    const [found] = refused.found ? await parts.versions.byId([refused.found]) : []
    throw aliasMoved(model!, alias, expected!, found ? `${model!.name}/${found.number}` : null)
  }
  return version
}

/** Throws NOT_FOUND where the model has no such alias. */
export async function removeAlias(
  parts: Resolving,
  { model: name, alias, project }: { model: string; alias: string; project?: string | null },
): Promise<Model> {
  checkAlias(alias)
  const model = await findModel(parts.registry, parts.identity, name, project)
  if (!(await parts.aliases.remove(model.id, alias, announcing(parts, model, alias, null)))) {
    throw noSuchAlias(model, alias)
  }
  return model
}

const announcing =
  ({ identity }: Resolving, { id: modelId, name, project }: Model, alias: string, versionId: string | null): Announce =>
  previousVersionId => {
    const data = { modelId, modelName: name, alias, versionId, previousVersionId, principal: identity.principal }
    return outboxRow('alias.moved', { key: modelId, project, data }, new Date())
  }

function checkAlias(alias: string): void {
  if (alias === LATEST) throw reservedAlias(alias)
  if (!isAliasName(alias)) throw invalidAlias(alias)
}
