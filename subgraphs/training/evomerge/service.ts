import { isDeepStrictEqual } from 'node:util'
import { counted } from '../../../engine/counted.ts'
import { parameterCount } from '../../../engine/models/llama-parameters.ts'
import { chosenProject, type Identity } from '../../../kernel/auth/identity.ts'
import { newId } from '../../../kernel/ids.ts'
import { isModelName } from '../../../schema/values.ts'
import { badModelName } from '../cognate/errors.ts'
import type { Place } from '../cognate/service.ts'
import { resolveDataset } from '../datasets/service.ts'
import { checkedIdempotencyKey } from '../idempotency.ts'
import { keyReused } from '../jobs/errors.ts'
import { jobQueued, type TrainingJob, untouched } from '../jobs/job.ts'
import { badSetting, tooLargeForMemory } from '../recipes/errors.ts'
import { needsOf } from '../recipes/needs.ts'
import type { EvoMergeConfig } from './config.ts'
import { badObjectives, sigmaOfNone } from './errors.ts'
import { checkMethods, searchesLayers, totalSteps } from './methods.ts'
import { type Family, familyOf } from './parents.ts'
import type { EvoMergeParts } from './ports.ts'
import { type EvoMergeSettings, readEvoMergeSettings } from './request.ts'

export interface EvoMergeRequest {
  /** Ids, `name/3`, `name@latest` or `name@alias`. */
  readonly parents: readonly string[]
  readonly base?: string | null
  readonly modelName?: string | null
  /** Id or name. */
  readonly dataset?: string | null
  readonly seed?: number | null
  readonly project?: string | null
  readonly idempotencyKey?: string | null
  /** See request.ts. */
  readonly settings: unknown
}

/** Queues a search for the best merge of some versions, or answers the job that the idempotency key stands for already. */
export async function startEvoMerge(
  parts: EvoMergeParts,
  identity: Identity,
  request: EvoMergeRequest,
  place: Place = {},
): Promise<TrainingJob> {
  const project = chosenProject(identity, request.project)
  const settings = readEvoMergeSettings(request.settings)
  const needs = needsOf(settings)
  const modelName = request.modelName ?? 'evomerge'
  if (!isModelName(modelName)) throw badModelName(modelName)
  const idempotencyKey = checkedIdempotencyKey(request.idempotencyKey)
  const family = await familyOf(parts.versions, project, request.parents, request.base ?? null)
  const config = configOf(family, settings, request.seed ?? 42)
  checkMethods(config)
  const memoryBytes = requiredMemory(config)
  const memory = await parts.fleet.largestMemory()
  if (memoryBytes > memory) throw tooLargeForMemory(`Merging ${family.parents.length} such models`, memoryBytes, memory)
  const dataset = await resolveDataset(parts, project, request.dataset ?? 'moby-dick')

  const job: TrainingJob = {
    ...untouched,
    id: newId('job'),
    project,
    phase: 'EVOMERGE',
    modelName,
    preset: null,
    seed: config.seed,
    totalSteps: totalSteps(config),
    config,
    datasetId: dataset.id,
    datasetFingerprint: dataset.digest,
    ...needs,
    memoryBytes,
    principal: identity.principal,
    runId: place.runId ?? null,
    stepName: place.stepName ?? null,
    groupId: null,
    controlOf: null,
    idempotencyKey,
    createdAt: parts.now(),
    queuedAt: parts.now(),
  }
  const stored = await parts.jobs.add(job, jobQueued(job))
  const isSame = isDeepStrictEqual([stored.config, stored.modelName], [job.config, job.modelName])
  if (idempotencyKey !== null && !isSame) throw keyReused(idempotencyKey, stored)
  return stored
}

function configOf(family: Family, settings: EvoMergeSettings, seed: number): EvoMergeConfig {
  const { layers, contextLength } = family.model
  const { groups = Math.min(2, layers), context = contextLength } = settings
  if (!Number.isSafeInteger(seed) || seed < 0) throw badSetting('seed', seed, 'it must be a whole number from 0')
  if (groups > layers) throw badSetting('groups', groups, `the models have only ${counted(layers, 'layer')}`)
  if (context > contextLength)
    throw badSetting('context', context, `the models read only ${counted(contextLength, 'token')}`)
  const { objectives = ['LOSS'] } = settings
  if (!objectives.includes('LOSS') || new Set(objectives).size < objectives.length) throw badObjectives(objectives)
  if (objectives.length > 1 && settings.sigma !== undefined) throw sigmaOfNone(settings.sigma)
  return {
    ...family,
    objectives,
    methods: settings.methods ?? ['linear'],
    bounds: Object.fromEntries((settings.bounds ?? []).map(({ parameter, from, to }) => [parameter, [from, to]])),
    groups,
    generations: settings.generations ?? 20,
    population: settings.population ?? null,
    sigma: settings.sigma ?? 1 / 6,
    seed,
    batch: settings.batch ?? 4,
    context,
    fitnessBatches: settings.fitnessBatches ?? 8,
    testBatches: settings.testBatches ?? 60,
    checkpointSeconds: settings.checkpointSeconds ?? 5,
    keepLast: 2,
    keepBest: 0,
  }
}

/**
 * About the peak in bytes: every parent, a candidate, its task vectors in 64 bits, and the activations of a pass, which
 * every number of layers has its own room for; and the weights of the decoder whose latency is measured.
 */
function requiredMemory(config: EvoMergeConfig): number {
  const { model, parents, batch, context } = config
  const copies = 3 * parents.length + (searchesLayers(config) ? 7 : 6)
  const layers = searchesLayers(config) ? (model.layers * (model.layers + 1)) / 2 : model.layers
  const perToken = layers * (8 * model.width + 4 * model.feedForward) + 2 * model.vocabularySize
  return 200e6 + 4 * (copies * parameterCount(model) + batch * context * (perToken + model.heads * context))
}
