import { scopes } from '../../../kernel/auth/identity.ts'
import { DomainError } from '../../../kernel/errors.ts'
import type { EventData } from '../../../schema/events.ts'
import type { EvoMergeParts } from '../evomerge/ports.ts'
import { startEvoMerge } from '../evomerge/service.ts'
import { phaseNotBuilt } from './errors.ts'
import { startCognate } from './service.ts'

export type StepRequest = EventData<'step.requested'>

/**
 * Starts the job of a pipeline's step in the name of whoever started the run, or tells the pipeline why there can be
 * none. The same request again finds the job that it made.
 */
export async function startStep(parts: EvoMergeParts, project: string, request: StepRequest): Promise<void> {
  const { runId, stepName, principal } = request
  try {
    const identity = { principal, name: principal, project, scopes }
    const asked = { ...request, settings: request.config }
    if (request.phase === 'COGNATE') await startCognate(parts, identity, asked, { runId, stepName })
    else if (request.phase === 'EVOMERGE') {
      await startEvoMerge(parts, identity, { ...asked, parents: request.parents ?? [] }, { runId, stepName })
    } else throw phaseNotBuilt(request.phase)
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    const { code, message } = error
    await parts.rejections.reject({ runId, stepName, project, error: { code, message } })
  }
}
