import { EngineError } from '../errors.ts'
import type { BatchSize } from './batches.ts'

/** Steps that train on sequences of one length, up to and including the step `until`. */
export interface CurriculumPhase {
  readonly context: number
  readonly until: number
}

interface Sizes extends BatchSize {
  readonly curriculum?: readonly CurriculumPhase[]
}

/**
 * Sequences and their length in a pass at a step (from 1). Shorter sequences are as many more, so that every step has
 * the same number of tokens; behind the last phase the longest length, `context`, goes on.
 */
export function sizeAt({ batch, context, curriculum = [] }: Sizes, step: number): BatchSize {
  const phase = curriculum.find(({ until }) => step <= until)
  return phase ? { batch: (batch * context) / phase.context, context: phase.context } : { batch, context }
}

/** Lengths by their shares of the steps, in order, as phases. The shares add up to 1. */
export function curriculumOf(
  lengths: readonly { readonly context: number; readonly share: number }[],
  steps: number,
): CurriculumPhase[] {
  const whole = lengths.reduce((sum, { share }) => sum + share, 0)
  if (Math.abs(whole - 1) > 1e-6)
    throw new EngineError('INVALID_INPUT', `the shares of the curriculum add up to ${whole}: they must add up to 1`)
  let passed = 0
  return lengths.map(({ context, share }) => {
    passed += share
    return { context, until: Math.round(passed * steps) }
  })
}

/** Throws INVALID_INPUT naming the phase that cannot be trained. */
export function validateCurriculum({ batch, context: longest, curriculum = [] }: Sizes): void {
  let before = 0
  for (const { context, until } of curriculum) {
    if (!Number.isSafeInteger(context) || context < 1 || context > longest)
      throw invalid(`context ${context}: it must be a whole number from 1 to the longest, ${longest}`)
    if ((batch * longest) % context !== 0)
      throw invalid(
        `context ${context}: the ${batch} × ${longest} tokens of a step are no whole number of such sequences`,
      )
    if (!Number.isSafeInteger(until) || until <= before)
      throw invalid(`context ${context} up to step ${until}: that is no step behind ${before}; give it a larger share`)
    before = until
  }
}

const invalid = (what: string) => new EngineError('INVALID_INPUT', `the curriculum has ${what}`)
