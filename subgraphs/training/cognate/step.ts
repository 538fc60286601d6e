import { scopes } from '../../../kernel/auth/identity.ts'
import { DomainError } from '../../../kernel/errors.ts'
import type { EventData } from '../../../schema/events.ts'
import { phaseNotBuilt } from './errors.ts'
import type { CognateParts } from './ports.ts'
import { startCognate } from './service.ts'

export type StepRequest = EventData<'step.requested'>

/**
 * Starts the job of a pipeline's step in the name of whoever started the run, or tells the pipeline why there can be
 * none. The same request again finds the job that it made.
 */
export async function startStep(parts: CognateParts, project: string, request: StepRequest): Promise<void> {
  const { runId, stepName, principal } = request
  try {
    if (request.phase !== 'COGNATE') throw phaseNotBuilt(request.phase)
    const identity = { principal, name: principal, project, scopes }
    await startCognate(parts, identity, { ...request, settings: request.config }, { runId, stepName })
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    const { code, message } = error
    await parts.rejections.reject({ runId, stepName, project, error: { code, message } })
  }
}
