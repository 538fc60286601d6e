import { isDeepStrictEqual } from 'node:util'
import { chosenProject, type Identity, mayAccess } from '../../../kernel/auth/identity.ts'
import { newId } from '../../../kernel/ids.ts'
import { type CognateRequest, modelNameOf, startCognate } from '../cognate/service.ts'
import type { TrainingJob } from '../jobs/job.ts'
import { isId } from '../page.ts'
import { badSeeds, groupNotFound, otherSiblings, seedBesideSeeds } from './errors.ts'
import { type CognateGroup, cognateSeeds, type GroupMetric, groupMetric } from './group.ts'
import type { GroupParts } from './ports.ts'

const largestGroup = 16

/**
 * Queues one training per seed, whose model is named after the request's and the seed. The same idempotency key gives
 * the same group, also where the first request was cut off between two siblings.
 */
export async function startCognateGroup(
  parts: GroupParts,
  identity: Identity,
  request: CognateRequest,
  seeds: readonly number[] = cognateSeeds,
): Promise<CognateGroup> {
  if (request.seed != null) throw seedBesideSeeds(request.seed)
  if (!areSeeds(seeds)) throw badSeeds(seeds)
  const names = seeds.map(seed => modelNameOf(request, `-${seed}`))
  const { idempotencyKey: key } = request
  let groupId = (key != null && (await earlierGroup(parts, identity, request, key, seeds))) || newId('group')

  for (const [index, seed] of seeds.entries()) {
    // The first has the key as it is, so that no other job and no other group can have it.
    const idempotencyKey = key == null || index === 0 ? key : `${key}/${seed}`
    const sibling = { ...request, seed, modelName: names[index]!, idempotencyKey }
    const job = await startCognate(parts, identity, sibling, { groupId })
    groupId = job.groupId ?? groupId
  }
  return findGroup(parts, identity, groupId)
}

const areSeeds = (seeds: readonly number[]): boolean =>
  seeds.length >= 2 &&
  seeds.length <= largestGroup &&
  new Set(seeds).size === seeds.length &&
  seeds.every(seed => Number.isSafeInteger(seed) && seed >= 0)

/** The group that a key stands for; its seeds are those asked for, or the first of them. */
async function earlierGroup(
  { jobs, groups }: GroupParts,
  identity: Identity,
  { project }: CognateRequest,
  key: string,
  seeds: readonly number[],
): Promise<string | null> {
  const first = await jobs.findByIdempotencyKey(chosenProject(identity, project), key)
  if (!first?.groupId) return null
  const known = (await groups.members(first.groupId)).map(({ seed }) => seed)
  if (!isDeepStrictEqual(known, seeds.slice(0, known.length))) throw otherSiblings(key, first.groupId)
  return first.groupId
}

export async function findGroup({ groups }: GroupParts, identity: Identity, id: string): Promise<CognateGroup> {
  const jobs = isId(id, 'group') ? await groups.members(id) : []
  const [first] = jobs
  if (!first || !mayAccess(identity, first.project)) throw groupNotFound(id)
  return { id, project: first.project, jobs }
}

/** The newest values of the metrics named, over the siblings that have them. */
export async function groupMetrics(
  { metrics }: GroupParts,
  { jobs }: CognateGroup,
  names: readonly string[],
): Promise<readonly GroupMetric[]> {
  const newest = await Promise.all(jobs.map(({ id }) => metrics.newest(id)))
  return names.flatMap(name => {
    const values = newest.flatMap(found => found.filter(metric => metric.name === name).map(({ value }) => value))
    return values.length === 0 ? [] : [groupMetric(name, values)]
  })
}

/** The job whose control this one is, the filtered half of the pair. */
export const filteredJob = async ({ jobs }: GroupParts, { controlOf }: TrainingJob): Promise<TrainingJob | null> =>
  controlOf === null ? null : jobs.find(controlOf)
