import { isDeepStrictEqual } from 'node:util'
import { chosenProject, type Identity, mayAccess } from '../../../kernel/auth/identity.ts'
import { newId } from '../../../kernel/ids.ts'
import { isFinished, isModelName, type Preset } from '../../../schema/values.ts'
import { auditEntry } from '../audit/entry.ts'
import { checkedIdempotencyKey } from '../idempotency.ts'
import { announcement, stepRequest } from '../runs/announcement.ts'
import type { RunParts } from '../runs/ports.ts'
import { cancelled, newRun, type Run, type RunRequest } from '../runs/run.ts'
import { badConfig, badModelName, badSeed, keyReused, runFinished, runNotFound, unknownPipeline } from './errors.ts'
import { type Pipeline, pipelines } from './pipeline.ts'

export interface RunPipelineInput {
  /** `cognate` where absent. */
  readonly pipeline?: string | null
  readonly modelName: string
  readonly dataset?: string | null
  /** `NANO` where absent. */
  readonly preset?: Preset | null
  readonly seed?: number | null
  readonly config?: unknown
  readonly project?: string | null
  readonly idempotencyKey?: string | null
}

/** The seed of a run that names none, so that two runs of the same input give the same model. */
export const defaultSeed = 42

/** Begins a run, or answers the one that was begun with the same idempotency key. */
export async function runPipeline({ runs, now }: RunParts, identity: Identity, input: RunPipelineInput) {
  const project = chosenProject(identity, input.project)
  const pipeline = chosenPipeline(input.pipeline ?? 'cognate')
  const idempotencyKey = checkedIdempotencyKey(input.idempotencyKey)
  const request = checkedRequest(pipeline, input)
  const at = now()
  const run = newRun(
    pipeline,
    { id: newId('run'), project, principal: identity.principal, request, idempotencyKey },
    at,
  )
  const events = [announcement('run.started', run), stepRequest(run, run.steps[0]!)]

  const stored = await runs.add({
    run,
    events,
    audit: auditEntry(identity.principal, 'run.created', run, at),
  })
  if (!isDeepStrictEqual(stored.request, request)) throw keyReused(idempotencyKey!, stored)
  return stored
}

function chosenPipeline(named: string): Pipeline {
  const pipeline = pipelines.find(({ name }) => name === named)
  if (!pipeline) throw unknownPipeline(named)
  return pipeline
}

function checkedRequest(
  pipeline: Pipeline,
  { modelName, dataset, preset, seed, config }: RunPipelineInput,
): RunRequest {
  if (!isModelName(modelName)) throw badModelName(modelName)
  if (seed != null && seed < 0) throw badSeed(seed)
  if (config != null && (typeof config !== 'object' || Array.isArray(config))) throw badConfig(config)
  return {
    pipeline: pipeline.name,
    modelName,
    dataset: dataset ?? null,
    preset: preset ?? 'NANO',
    seed: seed ?? defaultSeed,
    // A literal in a document arrives with objects that have no prototype; what the store gives back has one.
    config: structuredClone({ ...config }),
  }
}

/** Stops a run for good; training cancels the job of its current step. */
export async function cancelRun({ runs, now }: RunParts, identity: Identity, id: string): Promise<Run> {
  const run = await runs.change(id, current => {
    if (!mayAccess(identity, current.project)) throw runNotFound(id)
    if (isFinished(current.status)) throw runFinished(current)
    const at = now()
    const run = cancelled(current, at)
    return {
      run,
      events: [{ topic: 'run.cancelled', data: { runId: id } }, announcement('run.finished', run)],
      audit: auditEntry(identity.principal, 'run.cancelled', run, at),
    }
  })
  if (!run) throw runNotFound(id)
  return run
}

export async function findRun({ runs }: RunParts, identity: Identity, id: string): Promise<Run | null> {
  const run = await runs.find(id)
  return run && mayAccess(identity, run.project) ? run : null
}

export async function getRun(parts: RunParts, identity: Identity, id: string): Promise<Run> {
  const run = await findRun(parts, identity, id)
  if (!run) throw runNotFound(id)
  return run
}
