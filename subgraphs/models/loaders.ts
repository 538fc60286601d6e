import DataLoader from 'dataloader'
import type { Identity } from '../../kernel/auth/identity.ts'
import type { Alias, AliasStore } from './aliases/ports.ts'
import type { Handoff } from './handoffs/handoff.ts'
import type { Handoffs } from './handoffs/ports.ts'
import type { CurvePoint, Histories, JobFacts } from './histories/ports.ts'
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
  readonly handoffsOf: DataLoader<string, readonly Handoff[]>
  readonly jobFacts: DataLoader<string, JobFacts | null>
  readonly curve: DataLoader<string, readonly CurvePoint[]>
}

export interface LoadingParts {
  readonly registry: Registry
  readonly versions: Versions
  readonly aliases: AliasStore
  readonly handoffs: Handoffs
  readonly histories: Histories
}

export const modelsLoaders = (
  { registry, versions, aliases, handoffs, histories }: LoadingParts,
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
  handoffsOf: manyEach(handoffs.ofVersions, ({ versionId }) => versionId!),
  jobFacts: new DataLoader(async ids => {
    const facts = new Map((await histories.facts(ids)).map(job => [job.id, job]))
    return ids.map(id => facts.get(id) ?? null)
  }),
  curve: manyEach(histories.curves, ({ jobId }) => jobId),
})
