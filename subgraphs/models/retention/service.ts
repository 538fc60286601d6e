import { invalidInput } from '../../../kernel/errors.ts'
import type { Deletion } from '../deletion/deletion.ts'
import { type DeletionParts, hide, previewOf } from '../deletion/service.ts'
import type { Model } from '../registry/model.ts'
import { findModel } from '../registry/service.ts'
import type { ModelVersion } from '../versions/version.ts'
import type { Retentions, Rule } from './ports.ts'

type Parts = DeletionParts & { readonly retentions: Retentions }

export interface RetentionInput {
  readonly model: string
  readonly keepBest?: number | null
  readonly metric: string
  readonly largest: boolean
  readonly project?: string | null
}

/** Sets the rule and applies it; `keepBest` null keeps all from now on. What it takes away can be undone like any deletion. */
export async function setRetention(parts: Parts, input: RetentionInput): Promise<Model> {
  const { keepBest, metric, largest } = input
  if (keepBest != null && (keepBest < 1 || keepBest > 10_000)) throw badCount(keepBest)
  const model = await findModel(parts.registry, parts.identity, input.model, input.project)
  await parts.retentions.set(model.id, keepBest == null ? null : { keepBest, metric, largest })
  const [changed] = await parts.registry.byId([model.id])
  await applyRetention(parts, changed!)
  return changed!
}

export const ruleOf = ({ keepBest, keepMetric, keepLargest }: Model): Rule | null =>
  keepBest === null || keepMetric === null ? null : { keepBest, metric: keepMetric, largest: keepLargest }

/** What the rule would take away now. */
export async function surplusOf({ retentions, versions }: Parts, model: Model): Promise<readonly ModelVersion[]> {
  const rule = ruleOf(model)
  return rule ? versions.byId(await retentions.surplus(model.id, rule)) : []
}

/** Deletes what the model's rule does not keep. An alias that is set meanwhile wins: then nothing is deleted this time. */
export async function applyRetention(parts: Parts, model: Model): Promise<Deletion | null> {
  const surplus = await surplusOf(parts, model)
  if (surplus.length === 0) return null
  const preview = await previewOf(parts, surplus)
  const { keepBest, metric, largest } = ruleOf(model)!
  const reason = `Retention of ${model.name}: the best ${keepBest} by ${largest ? 'largest' : 'smallest'} ${metric} are kept.`
  return hide(parts, preview, 'service:models', reason)
}

const badCount = (count: number) =>
  invalidInput(`keepBest is ${count}: keep from 1 to 10000 versions, or leave it out.`)
