import type DataLoader from 'dataloader'
import type { Identity } from '../../kernel/auth/identity.ts'
import type { Alias, AliasStore } from './aliases/ports.ts'
import { manyEach, oneEach } from './registry/loading.ts'
import type { Model } from './registry/model.ts'
import type { Registry } from './registry/ports.ts'
import { type VersionLoaders, versionLoaders } from './versions/loaders.ts'
import type { Versions } from './versions/ports.ts'

/** What one request reads by key; made anew for every request, so that it sees what is there now. */
export interface Loaders extends VersionLoaders {
  readonly model: DataLoader<string, Model | null>
  readonly aliasesOfModel: DataLoader<string, readonly Alias[]>
  readonly aliasesOfVersion: DataLoader<string, readonly Alias[]>
}

export const modelsLoaders = (
  { registry, versions, aliases }: { registry: Registry; versions: Versions; aliases: AliasStore },
  identity: Identity,
): Loaders => ({
  ...versionLoaders(versions, identity),
  model: oneEach(
    identity,
    registry.byId,
    ({ id }) => id,
    (id: string) => id,
  ),
  aliasesOfModel: manyEach(aliases.ofModels, ({ modelId }) => modelId),
  aliasesOfVersion: manyEach(aliases.ofVersions, ({ versionId }) => versionId),
})
