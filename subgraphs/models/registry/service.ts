import { chosenProject, type Identity } from '../../../kernel/auth/identity.ts'
import { modelNotFound } from './errors.ts'
import type { Model } from './model.ts'
import type { ModelFilter, Registry } from './ports.ts'

/** The model of that name in the project that is named, or the caller's own. Throws NOT_FOUND. */
export async function findModel(
  registry: Registry,
  who: Identity,
  name: string,
  named?: string | null,
): Promise<Model> {
  const project = chosenProject(who, named)
  const model = await registry.find(project, name)
  if (!model) throw modelNotFound(name, project)
  return model
}

/** A key of one project sees that project, whatever it leaves out. Throws FORBIDDEN where it names another. */
export function visibleModels(who: Identity, wanted?: Nullish<ModelFilter> | null): ModelFilter {
  const project = wanted?.project == null && who.project === '*' ? undefined : chosenProject(who, wanted?.project)
  return { project, nameContains: wanted?.nameContains ?? undefined, phase: wanted?.phase ?? undefined }
}

type Nullish<T> = { readonly [Key in keyof T]: T[Key] | null }
