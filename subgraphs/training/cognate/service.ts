import { isDeepStrictEqual } from 'node:util'
import { chosenProject, type Identity } from '../../../kernel/auth/identity.ts'
import { newId } from '../../../kernel/ids.ts'
import { isModelName, type Preset } from '../../../schema/values.ts'
import type { Dataset } from '../datasets/dataset.ts'
import { digestOfText, resolveDataset, storeText } from '../datasets/service.ts'
import { checkedIdempotencyKey } from '../idempotency.ts'
import { keyReused } from '../jobs/errors.ts'
import { jobQueued, type TrainingJob, untouched } from '../jobs/job.ts'
import { type CognateConfig, cognateConfig, validationShare } from '../recipes/config.ts'
import { tooLargeForMemory } from '../recipes/errors.ts'
import { requiredMemory } from '../recipes/memory.ts'
import { needsOf } from '../recipes/needs.ts'
import { readSettings } from '../recipes/request.ts'
import { badModelName, datasetTooSmall, nothingToControl, twoTexts } from './errors.ts'
import type { CognateParts } from './ports.ts'

/** Seed of a job that names none, so that the same request trains the same model. */
export const defaultSeed = 42
const defaultDataset = 'moby-dick'
export const defaultPreset = 'NANO'

export interface CognateRequest {
  readonly modelName?: string | null
  readonly preset?: Preset | null
  readonly seed?: number | null
  /** Id or name. */
  readonly dataset?: string | null
  readonly text?: string | null
  readonly project?: string | null
  readonly idempotencyKey?: string | null
  /** See recipes/request.ts. */
  readonly settings: unknown
}

/** What a job belongs to besides its project: a step of a run, or a group of siblings. */
export interface Place {
  readonly runId?: string
  readonly stepName?: string
  readonly groupId?: string
}

/** Queues a training, or answers the one that the idempotency key, or the place in a run, stands for already. */
export async function startCognate(
  parts: CognateParts,
  identity: Identity,
  request: CognateRequest,
  place: Place = {},
): Promise<TrainingJob> {
  const { control } = readSettings(request.settings)
  if (control) modelNameOf(request, controlSuffix)
  const job = await cognateJob(parts, identity, request, place)
  const stored = await parts.jobs.add(job, jobQueued(job))
  if (job.idempotencyKey !== null && !isSameRequest(stored, job)) throw keyReused(job.idempotencyKey, stored)
  if (control) await startControl(parts, { ...job, id: stored.id })
  return stored
}

/** The job of a request, which nobody has been told of. Throws INVALID_INPUT or RESOURCE_EXHAUSTED where it cannot train. */
export async function cognateJob(
  parts: CognateParts,
  identity: Identity,
  request: CognateRequest,
  place: Place = {},
): Promise<TrainingJob> {
  const project = chosenProject(identity, request.project)
  const preset = request.preset ?? defaultPreset
  const settings = readSettings(request.settings)
  const config = cognateConfig(preset, settings, request.seed ?? defaultSeed)
  const needs = needsOf(settings)
  if (settings.control && !config.grokfast) throw nothingToControl()
  const modelName = modelNameOf(request)
  const idempotencyKey = checkedIdempotencyKey(request.idempotencyKey)
  await checkMemory(parts, config, settings.sizes ? 'This model' : preset)
  if (idempotencyKey !== null && request.text != null)
    await refuseOtherText(parts, project, idempotencyKey, request.text)
  const dataset = await datasetOf(parts, project, request, config)

  return {
    ...untouched,
    id: newId('job'),
    project,
    phase: 'COGNATE',
    modelName,
    preset: settings.sizes && !request.preset ? null : preset,
    seed: config.seed,
    totalSteps: config.steps,
    config,
    datasetId: dataset.id,
    datasetFingerprint: dataset.digest,
    ...needs,
    memoryBytes: requiredMemory(config),
    principal: identity.principal,
    runId: place.runId ?? null,
    stepName: place.stepName ?? null,
    groupId: place.groupId ?? null,
    controlOf: null,
    idempotencyKey,
    createdAt: parts.now(),
    queuedAt: parts.now(),
  }
}

const controlSuffix = '-control'

/** The same training without its filter, of which there is one however often it is asked for. */
async function startControl({ jobs }: CognateParts, job: TrainingJob): Promise<void> {
  const config: CognateConfig = { ...(job.config as CognateConfig), grokfast: null }
  const control: TrainingJob = {
    ...job,
    id: newId('job'),
    modelName: job.modelName + controlSuffix,
    config,
    memoryBytes: requiredMemory(config),
    // A step of a run has one job, and ends with that; nor is a control one of the siblings.
    runId: null,
    stepName: null,
    groupId: null,
    controlOf: job.id,
    idempotencyKey: `control of ${job.id}`,
  }
  await jobs.add(control, jobQueued(control))
}

/** Before the text is stored: a dataset that no job asked for must not stay behind. */
async function refuseOtherText({ jobs }: CognateParts, project: string, key: string, text: string): Promise<void> {
  const earlier = await jobs.findByIdempotencyKey(project, key)
  if (earlier && earlier.datasetFingerprint !== digestOfText(text)) throw keyReused(key, earlier)
}

const isSameRequest = (one: TrainingJob, other: TrainingJob): boolean =>
  isDeepStrictEqual(requestOf(one), requestOf(other))

const requestOf = ({ modelName, config, datasetFingerprint, labels, requirements, slots }: TrainingJob) => ({
  modelName,
  config,
  datasetFingerprint,
  labels,
  requirements,
  slots,
})

/** The model that gets a version, with what tells it from those of the same request. */
export function modelNameOf({ modelName, preset }: CognateRequest, suffix = ''): string {
  const name = (modelName ?? `cognate-${(preset ?? defaultPreset).toLowerCase()}`) + suffix
  if (!isModelName(name)) throw badModelName(name)
  return name
}

export async function checkMemory({ fleet }: CognateParts, config: CognateConfig, what: string): Promise<void> {
  const [needed, memory] = [requiredMemory(config), await fleet.largestMemory()]
  if (needed > memory) throw tooLargeForMemory(`${what} with batch ${config.batch}`, needed, memory)
}

/** A token is a byte at least, so a text of fewer bytes than the tokens needed is too small whatever the tokenizer. */
async function datasetOf(
  parts: CognateParts,
  project: string,
  { dataset: named, text }: CognateRequest,
  { batch, context }: CognateConfig,
): Promise<Dataset> {
  if (named != null && text != null) throw twoTexts()
  const needed = Math.ceil((batch * context + 1) / validationShare)
  if (text != null) {
    const bytes = Buffer.byteLength(text)
    if (text !== '' && bytes < needed) throw datasetTooSmall('text', bytes, needed)
    return storeText(parts, project, text)
  }
  const dataset = await resolveDataset(parts, project, named ?? defaultDataset)
  if (dataset.sizeBytes < needed) throw datasetTooSmall(dataset.name, dataset.sizeBytes, needed)
  return dataset
}
