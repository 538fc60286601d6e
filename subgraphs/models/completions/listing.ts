import { chosenProject } from '../../../kernel/auth/identity.ts'
import { type Resolving, resolveRef } from '../versions/service.ts'

/** The list has no pages: older models than so many are asked for by name. */
const longest = 1_000

/** A reference as OpenAI's clients list it: `created` is that of the version it names now, in s since 1970. */
interface ListedModel {
  readonly id: string
  readonly object: 'model'
  readonly created: number
  readonly owned_by: string
}

const listed = (id: string, { createdAt, project }: { createdAt: Date; project: string }): ListedModel => ({
  id,
  object: 'model',
  created: Math.floor(createdAt.getTime() / 1000),
  owned_by: project,
})

/** Each model of the caller's project by its name, for its newest version, and by its aliases; newest model first. */
export async function listModels({ registry, versions, aliases, identity }: Resolving): Promise<ListedModel[]> {
  const project = chosenProject(identity)
  const models = await registry.list({ project }, { limit: longest, inverted: false })
  if (models.length === 0) return []
  const [newest, named] = await Promise.all([versions.newest(models), aliases.ofModels(models.map(({ id }) => id))])
  const pointed = await versions.byId(named.map(({ versionId }) => versionId))
  const byModel = new Map(newest.map(version => [version.modelId, version]))
  const byId = new Map(pointed.map(version => [version.id, version]))
  return models.flatMap(({ id, name }) => {
    const refs = [
      { ref: name, version: byModel.get(id) },
      ...named
        .filter(({ modelId }) => modelId === id)
        .map(alias => ({ ref: `${name}@${alias.name}`, version: byId.get(alias.versionId) })),
    ]
    // One that was deleted between the statements is not there.
    return refs.flatMap(({ ref, version }) => (version ? [listed(ref, version)] : []))
  })
}

/** What any reference names, `name/3` too. Throws as `resolveRef` does. */
export async function findListed(parts: Resolving, ref: string): Promise<ListedModel> {
  return listed(ref, await resolveRef(parts, ref))
}
