import { CONFIG, TOKENIZER, WEIGHTS } from '../../../engine/formats/huggingface.ts'
import { fromLlamaConfig } from '../../../engine/formats/llama-config-file.ts'
import type { LlamaConfig } from '../../../engine/models/llama-config.ts'
import { domainErrorOf } from '../recipes/errors.ts'
import type { EvoMergeConfig, Parent } from './config.ts'
import * as errors from './errors.ts'
import type { KnownVersions } from './ports.ts'
import { type KnownVersion, parseVersionRef, refOf } from './version.ts'

/** What the parents of a merge have in common, and where their bytes are. */
export type Family = Pick<EvoMergeConfig, 'parents' | 'base' | 'model' | 'tokenizer'>

/** Throws NOT_FOUND or INVALID_INPUT naming the parent, and every size in which it differs from the first. */
export async function familyOf(
  versions: KnownVersions,
  project: string,
  refs: readonly string[],
  baseRef: string | null,
): Promise<Family> {
  if (refs.length < 2 || refs.length > 16) throw errors.tooFewParents(refs.length)
  const find = async (ref: string): Promise<KnownVersion> => {
    const parsed = parseVersionRef(ref)
    if (!parsed) throw errors.badRef(ref)
    const found = await versions.find(project, parsed)
    if (!found) throw errors.parentNotFound(ref)
    return found
  }
  const parents = await Promise.all(refs.map(find))
  const base = baseRef === null ? null : await find(baseRef)
  const twice = parents.find(({ id }, index) => parents.findIndex(other => other.id === id) !== index)
  if (twice) throw errors.sameParent(refOf(twice))

  const [first, ...others] = [...parents, ...(base ? [base] : [])] as [KnownVersion, ...KnownVersion[]]
  const model = configOf(first)
  const tokenizer = digestOf(first, TOKENIZER)
  for (const other of others) {
    const sizes = differing(model, configOf(other))
    if (sizes.length > 0) throw errors.otherArchitecture(refOf(first), refOf(other), sizes)
    if (digestOf(other, TOKENIZER) !== tokenizer) throw errors.otherTokenizer(refOf(first), refOf(other))
  }
  return { parents: parents.map(parentOf), base: base && parentOf(base), model, tokenizer }
}

const parentOf = (version: KnownVersion): Parent => ({
  id: version.id,
  ref: refOf(version),
  weights: digestOf(version, WEIGHTS),
})

function digestOf(version: KnownVersion, path: string): string {
  const file = version.files.find(stored => stored.path === path)
  if (!file) throw errors.parentIncomplete(refOf(version), path)
  return file.digest
}

function configOf(version: KnownVersion): LlamaConfig {
  if (Object.keys(version.architecture).length === 0) throw errors.parentIncomplete(refOf(version), CONFIG)
  try {
    return fromLlamaConfig(version.architecture)
  } catch (error) {
    throw domainErrorOf(error)
  }
}

const differing = (one: LlamaConfig, other: LlamaConfig): readonly string[] =>
  (Object.keys(one) as (keyof LlamaConfig)[])
    .filter(name => one[name] !== other[name])
    .map(name => `${name} ${one[name]} and ${other[name]}`)
