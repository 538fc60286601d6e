import { chosenProject, type Identity } from '../../../kernel/auth/identity.ts'
import { modelNotFound, unbounded } from './errors.ts'
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
export function visibleModels(who: Identity, wanted: Nullish<ModelFilter> | null = {}): ModelFilter {
  const { project: named, ...filter } = wanted ?? {}
  const project = named == null && who.project === '*' ? undefined : chosenProject(who, named)
  for (const { name, atLeast, atMost } of filter.metrics ?? [])
    if (atLeast == null && atMost == null) throw unbounded(name)
  return { ...Object.fromEntries(Object.entries(filter).filter(([, value]) => value != null)), project }
}

type Nullish<T> = { readonly [Key in keyof T]: T[Key] | null }
