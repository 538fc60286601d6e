import type { Model } from '../registry/model.ts'
import { findModel } from '../registry/service.ts'
import { isAliasName, LATEST } from '../versions/ref.ts'
import { type Resolving, resolveRef } from '../versions/service.ts'
import type { ModelVersion } from '../versions/version.ts'
import { invalidAlias, noSuchAlias, reservedAlias } from './errors.ts'

/** Makes the alias name this version, whatever it named before; the same call again changes nothing. */
export async function setAlias(
  parts: Resolving,
  { ref, alias, project }: { ref: string; alias: string; project?: string | null },
): Promise<ModelVersion> {
  checkAlias(alias)
  const version = await resolveRef(parts, ref, project)
  await parts.aliases.point({ modelId: version.modelId, name: alias, versionId: version.id })
  return version
}

/** Throws NOT_FOUND where the model has no such alias. */
export async function removeAlias(
  { registry, aliases, identity }: Resolving,
  { model: name, alias, project }: { model: string; alias: string; project?: string | null },
): Promise<Model> {
  checkAlias(alias)
  const model = await findModel(registry, identity, name, project)
  if (!(await aliases.remove(model.id, alias))) throw noSuchAlias(model, alias)
  return model
}

function checkAlias(alias: string): void {
  if (alias === LATEST) throw reservedAlias(alias)
  if (!isAliasName(alias)) throw invalidAlias(alias)
}
