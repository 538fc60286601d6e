import { isDeepStrictEqual } from 'node:util'
import { WEIGHTS } from '../../../engine/formats/huggingface.ts'
import { compareTensors, type TensorDifference, type TensorFile } from '../../../engine/formats/tensor-comparison.ts'
import type { Blobs } from '../../../kernel/blobs/blobs.ts'
import { invalidInput } from '../../../kernel/errors.ts'
import { fromEngine } from '../generation/errors.ts'
import { type Resolving, resolveRef } from '../versions/service.ts'
import type { ModelVersion } from '../versions/version.ts'

export interface Comparison {
  readonly a: ModelVersion
  readonly b: ModelVersion
}

export interface Difference {
  readonly name: string
  readonly a: unknown
  readonly b: unknown
}

export async function compareVersions(
  parts: Resolving,
  { a, b, project }: { a: string; b: string; project?: string | null },
): Promise<Comparison> {
  const [left, right] = await Promise.all([resolveRef(parts, a, project), resolveRef(parts, b, project)])
  return { a: left, b: right }
}

/** Settings that differ, in the order of names. */
export const configDifference = ({ a, b }: Comparison): Difference[] => differences(settingsOf(a), settingsOf(b))

/** Metrics of both, also equal ones: that nothing changed is worth seeing. */
export function metricDifference({ a, b }: Comparison): (Difference & { a: number | null; b: number | null })[] {
  const [left, right] = [a, b].map(({ metrics }) => new Map(metrics.map(({ name, value }) => [name, value])))
  const names = new Set([...left!.keys(), ...right!.keys()])
  return [...names].sort().map(name => ({ name, a: left!.get(name) ?? null, b: right!.get(name) ?? null }))
}

/** Reads the weights of both once, as streams. */
export async function tensorDifference(
  { versions, blobs }: Resolving & { readonly blobs: Pick<Blobs, 'read'> },
  { a, b }: Comparison,
): Promise<TensorDifference[]> {
  const files = await versions.files([a.id, b.id])
  const [left, right] = [a, b].map(({ id, digest }): TensorFile => {
    const weights = files.find(file => file.versionId === id && file.path === WEIGHTS)
    if (!weights) throw invalidInput(`The version ${id} (${digest}) has no ${WEIGHTS}: its tensors cannot be compared.`)
    return {
      sizeBytes: weights.sizeBytes,
      read: async (start, end) => blobs.read(weights.digest, { start, end: end - 1 }),
    }
  })
  try {
    return await Array.fromAsync(compareTensors(left!, right!))
  } catch (error) {
    throw fromEngine(error)
  }
}

const settingsOf = ({ phase, architecture, parameterCount, dataset, parentIds }: ModelVersion) => ({
  phase,
  parameterCount,
  dataset: dataset?.fingerprint ?? null,
  parents: parentIds,
  ...Object.fromEntries(Object.entries(architecture).map(([name, value]) => [`architecture.${name}`, value])),
})

function differences(a: Record<string, unknown>, b: Record<string, unknown>): Difference[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])]
    .sort()
    .filter(name => !isDeepStrictEqual(a[name], b[name]))
    .map(name => ({ name, a: a[name] ?? null, b: b[name] ?? null }))
}
