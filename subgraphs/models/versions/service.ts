import type DataLoader from 'dataloader'
import type { Identity } from '../../../kernel/auth/identity.ts'
import type { AliasStore } from '../aliases/ports.ts'
import type { Model } from '../registry/model.ts'
import type { Registry } from '../registry/ports.ts'
import { findModel } from '../registry/service.ts'
import { aliasNotFound, numberNotFound } from './errors.ts'
import type { VersionLoaders } from './loaders.ts'
import type { Versions } from './ports.ts'
import { parseRef } from './ref.ts'
import type { ModelVersion } from './version.ts'

export interface Resolving {
  readonly registry: Registry
  readonly versions: Versions
  readonly aliases: AliasStore
  readonly identity: Identity
  /** What was read on the way is not read again. */
  readonly loaders?: { readonly model: Pick<DataLoader<string, Model | null>, 'prime'> }
}

/** The version that a reference names now. Throws INVALID_INPUT where it is none, NOT_FOUND where there is none. */
export async function resolveRef(
  { registry, versions, aliases, identity, loaders }: Resolving,
  text: string,
  project?: string | null,
): Promise<ModelVersion> {
  const ref = parseRef(text)
  const model = await findModel(registry, identity, ref.name, project)
  loaders?.model.prime(model.id, model)
  if ('alias' in ref) {
    const version = await versions.aliased(model.id, ref.alias)
    if (version) return version
    const known = await aliases.ofModels([model.id])
    throw aliasNotFound(
      model,
      ref.alias,
      known.map(({ name }) => name),
    )
  }
  const version = 'number' in ref ? await versions.find(model.id, ref.number) : (await versions.newest([model]))[0]
  if (!version) throw numberNotFound(model, 'number' in ref ? ref.number : model.newest)
  return version
}

export async function parentsOf({ parentIds }: ModelVersion, { version }: VersionLoaders): Promise<ModelVersion[]> {
  const parents = await Promise.all(parentIds.map(id => version.load(id)))
  return parents.filter(parent => parent !== null)
}
