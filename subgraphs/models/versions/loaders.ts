import DataLoader from 'dataloader'
import { type Identity, mayAccess } from '../../../kernel/auth/identity.ts'
import { manyEach, oneEach } from '../registry/loading.ts'
import type { Model } from '../registry/model.ts'
import type { Versions } from './ports.ts'
import type { ModelVersion, VersionFile } from './version.ts'

/** What one request reads about versions by key. */
export interface VersionLoaders {
  readonly version: DataLoader<string, ModelVersion | null>
  readonly versionOfJob: DataLoader<string, ModelVersion | null>
  readonly newestVersion: DataLoader<Model, ModelVersion | null, string>
  readonly childrenOf: DataLoader<string, readonly ModelVersion[]>
  readonly files: DataLoader<string, readonly VersionFile[]>
}

const itself = (id: string) => id

export const versionLoaders = (versions: Versions, identity: Identity): VersionLoaders => ({
  version: oneEach(identity, versions.byId, ({ id }) => id, itself),
  versionOfJob: oneEach(identity, versions.ofJobs, ({ jobId }) => jobId!, itself),
  newestVersion: oneEach(
    identity,
    versions.newest,
    ({ modelId }) => modelId,
    ({ id }: Model) => id,
  ),
  childrenOf: new DataLoader(async parents => {
    const children = (await versions.children(parents)).filter(({ project }) => mayAccess(identity, project))
    return parents.map(parent => children.filter(({ parentIds }) => parentIds.includes(parent)))
  }),
  files: manyEach(versions.files, ({ versionId }) => versionId),
})
