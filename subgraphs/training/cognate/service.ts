import { isDeepStrictEqual } from 'node:util'
import { chosenProject, type Identity } from '../../../kernel/auth/identity.ts'
import { newId } from '../../../kernel/ids.ts'
import { isModelName, type Preset } from '../../../schema/values.ts'
import type { Dataset } from '../datasets/dataset.ts'
import { digestOfText, resolveDataset, storeText } from '../datasets/service.ts'
import { checkedIdempotencyKey } from '../idempotency.ts'
import { keyReused } from '../jobs/errors.ts'
import { jobQueued, type TrainingJob } from '../jobs/job.ts'
import { type CognateConfig, cognateConfig, validationShare } from '../recipes/config.ts'
import { tooLargeForMemory } from '../recipes/errors.ts'
import { requiredMemory } from '../recipes/memory.ts'
import { readSettings } from '../recipes/request.ts'
import { badModelName, datasetTooSmall, twoTexts } from './errors.ts'
import type { CognateParts } from './ports.ts'

/** Seed of a job that names none, so that the same request trains the same model. */
const defaultSeed = 42
const defaultDataset = 'moby-dick'

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

/** Whose job it is, when not that of whoever asks. */
export interface Origin {
  readonly runId: string
  readonly stepName: string
}

/** Queues a training, or answers the one that the idempotency key, or the place in a run, stands for already. */
export async function startCognate(
  parts: CognateParts,
  identity: Identity,
  request: CognateRequest,
  origin?: Origin,
): Promise<TrainingJob> {
  const project = chosenProject(identity, request.project)
  const preset = request.preset ?? 'NANO'
  const settings = readSettings(request.settings)
  const config = cognateConfig(preset, settings, request.seed ?? defaultSeed)
  const modelName = checkedModelName(request.modelName ?? `cognate-${preset.toLowerCase()}`)
  const idempotencyKey = checkedIdempotencyKey(request.idempotencyKey)
  await checkMemory(parts, config, settings.sizes ? 'This model' : preset)
  if (idempotencyKey !== null && request.text != null)
    await refuseOtherText(parts, project, idempotencyKey, request.text)
  const dataset = await datasetOf(parts, project, request, config)

  const job: TrainingJob = {
    id: newId('job'),
    project,
    phase: 'COGNATE',
    status: 'QUEUED',
    modelName,
    preset: settings.sizes && !request.preset ? null : preset,
    seed: config.seed,
    step: 0,
    totalSteps: config.steps,
    config,
    datasetId: dataset.id,
    datasetFingerprint: dataset.digest,
    executor: null,
    nodeId: null,
    priority: settings.priority ?? 100,
    labels: settings.labels ?? [],
    principal: identity.principal,
    runId: origin?.runId ?? null,
    stepName: origin?.stepName ?? null,
    idempotencyKey,
    revision: 0,
    attempts: 0,
    crashes: 0,
    error: null,
    createdAt: parts.now(),
    startedAt: null,
    finishedAt: null,
  }
  const stored = await parts.jobs.add(job, jobQueued(job))
  if (idempotencyKey !== null && !isSameRequest(stored, job)) throw keyReused(idempotencyKey, stored)
  return stored
}

/** Before the text is stored: a dataset that no job asked for must not stay behind. */
async function refuseOtherText({ jobs }: CognateParts, project: string, key: string, text: string): Promise<void> {
  const earlier = await jobs.findByIdempotencyKey(project, key)
  if (earlier && earlier.datasetFingerprint !== digestOfText(text)) throw keyReused(key, earlier)
}

const isSameRequest = (one: TrainingJob, other: TrainingJob): boolean =>
  isDeepStrictEqual(requestOf(one), requestOf(other))

const requestOf = ({ modelName, config, datasetFingerprint, priority, labels }: TrainingJob) => ({
  modelName,
  config,
  datasetFingerprint,
  priority,
  labels,
})

function checkedModelName(name: string): string {
  if (!isModelName(name)) throw badModelName(name)
  return name
}

async function checkMemory({ fleet }: CognateParts, config: CognateConfig, what: string): Promise<void> {
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
