import { invalidInput } from '../../../kernel/errors.ts'
import type { Model } from '../registry/model.ts'
import { findModel } from '../registry/service.ts'
import { type Resolving, resolveRef } from '../versions/service.ts'
import type { ModelVersion } from '../versions/version.ts'
import type { Label, Labels } from './ports.ts'

export interface LabelInput {
  readonly description?: string | null
  readonly addTags?: readonly string[] | null
  readonly removeTags?: readonly string[] | null
  readonly project?: string | null
}

type Parts = Resolving & { readonly labels: Labels }

const mostTags = 50
const longestDescription = 10_000
const tagForm = /^[\p{L}\p{N}][\p{L}\p{N}._:/=+-]{0,63}$/u

/** Throws INVALID_INPUT for what is no tag or too much of it. */
export async function labelModel(parts: Parts, input: LabelInput & { readonly name: string }): Promise<Model> {
  const label = checked(input)
  const { id } = await findModel(parts.registry, parts.identity, input.name, input.project)
  if (!(await parts.labels.ofModel(id, label, mostTags))) throw tooManyTags()
  return (await parts.registry.byId([id]))[0]!
}

/** The same of a version; what was signed of it stays. */
export async function labelVersion(parts: Parts, input: LabelInput & { readonly ref: string }): Promise<ModelVersion> {
  const label = checked(input)
  const { id } = await resolveRef(parts, input.ref, input.project)
  if (!(await parts.labels.ofVersion(id, label, mostTags))) throw tooManyTags()
  return (await parts.versions.byId([id]))[0]!
}

function checked({ description, addTags, removeTags }: LabelInput): Label {
  if (description && description.length > longestDescription) throw longDescription(description.length)
  const bad = addTags?.find(tag => !tagForm.test(tag))
  if (bad !== undefined) throw badTag(bad)
  return { description: description ?? undefined, addTags: addTags ?? [], removeTags: removeTags ?? [] }
}

const badTag = (tag: string) =>
  invalidInput(
    `${JSON.stringify(tag)} cannot be a tag: use up to 64 letters, digits and ". _ : / = + -", beginning with a letter or digit.`,
  )
const longDescription = (length: number) =>
  invalidInput(`The description has ${length} characters: ${longestDescription} are the most.`)
const tooManyTags = () => invalidInput(`That would be more than ${mostTags} tags: take some away first.`)
