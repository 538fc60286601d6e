import { isDeepStrictEqual } from 'node:util'
import { type Identity, mayAccess } from '../../../kernel/auth/identity.ts'
import { newId } from '../../../kernel/ids.ts'
import { isFinished } from '../../../schema/values.ts'
import { type CognateRequest, checkMemory, cognateJob, defaultPreset, defaultSeed } from '../cognate/service.ts'
import type { TrainingJob } from '../jobs/job.ts'
import { checkedPage, isId, type Page } from '../page.ts'
import { requiredMemory } from '../recipes/memory.ts'
import { readSettings } from '../recipes/request.ts'
import { advanced, cancelled, paused, resumed } from './changes.ts'
import * as errors from './errors.ts'
import { planOf } from './plan.ts'
import type { SweepChange, SweepParts } from './ports.ts'
import { type ChosenSearch, readSearch } from './request.ts'
import { settingsAt } from './space.ts'
import type { Shared, Sweep, SweepHead } from './sweep.ts'

/** Begins a sweep, or answers the one that the idempotency key stands for already; its trials follow its event. */
export async function startSweep(
  parts: SweepParts,
  identity: Identity,
  request: CognateRequest,
  given: Parameters<typeof readSearch>[0],
): Promise<Sweep> {
  const search = readSearch(given)
  const settings = readSettings(request.settings)
  const preset = request.preset ?? defaultPreset
  const { plan, drafts } = planOf(search, { preset, settings, seed: request.seed ?? defaultSeed })

  const [hungriest] = drafts.toSorted((one, other) => requiredMemory(other.config) - requiredMemory(one.config))
  await checkMemory(parts, hungriest!.config, `Trial ${hungriest!.number}`)
  // The text is enough for all trials where it is for the one that wants most of it.
  const [longest] = drafts.toSorted((one, other) => other.config.batch - one.config.batch)
  const job = await cognateJob(parts, identity, { ...request, settings: settingsAt(settings, longest!.parameters) })
  const sweep: Sweep = {
    id: newId('sweep'),
    status: 'RUNNING',
    plan,
    shared: sharedOf(job),
    parallel: await parallelOf(parts, search, job.slots),
    trials: drafts.map(draft => ({ ...draft, job: null, rung: 0, losses: [], completion: null })),
    best: null,
    error: null,
    idempotencyKey: job.idempotencyKey,
    createdAt: parts.now(),
    finishedAt: null,
  }
  const stored = await parts.sweeps.add(sweep, { topic: 'sweep.started', data: { sweepId: sweep.id } })
  if (job.idempotencyKey !== null && !isDeepStrictEqual(requestOf(stored), requestOf(sweep))) {
    throw errors.otherSweep(job.idempotencyKey, stored.id)
  }
  return stored
}

/** As JSON keeps it. */
const requestOf = ({ plan, shared: { modelName, datasetFingerprint }, trials }: Sweep): unknown =>
  JSON.parse(JSON.stringify([plan, modelName, datasetFingerprint, trials.map(({ config }) => config)]))

const sharedOf = (job: TrainingJob): Shared => ({
  project: job.project,
  modelName: job.modelName,
  datasetId: job.datasetId,
  datasetFingerprint: job.datasetFingerprint,
  principal: job.principal,
  priority: job.priority,
  labels: job.labels,
  requirements: job.requirements,
  slots: job.slots,
  retries: job.retries,
})

/** As many as the machines that train now can take, unless it is said. */
async function parallelOf({ fleet }: SweepParts, { parallel }: ChosenSearch, slots: number): Promise<number> {
  if (parallel !== undefined) {
    if (!Number.isInteger(parallel) || parallel < 1 || parallel > errors.mostTrials) throw errors.badParallel(parallel)
    return parallel
  }
  const room = (await fleet.machines()).reduce((sum, { total }) => sum + Math.floor(total.slots / slots), 0)
  return Math.min(errors.mostTrials, Math.max(1, room))
}

export async function findSweep({ sweeps }: SweepParts, identity: Identity, id: string): Promise<SweepHead> {
  const sweep = isId(id, 'sweep') ? await sweeps.find(id) : null
  if (!sweep || !mayAccess(identity, sweep.shared.project)) throw errors.sweepNotFound(id)
  return sweep
}

export const listSweeps = ({ sweeps }: SweepParts, { project }: Identity, page: Page) =>
  sweeps.list(project, checkedPage(page, 'sweep'))

/** Pauses every trial that is underway; each saves a checkpoint first. */
export const pauseSweep = (parts: SweepParts, identity: Identity, id: string): Promise<Sweep> =>
  changeSweep(parts, identity, id, sweep => {
    if (isFinished(sweep.status)) throw errors.sweepFinished(sweep)
    if (sweep.status === 'PAUSED') throw errors.sweepNotPausable(sweep)
    return paused(sweep)
  })

export const resumeSweep = (parts: SweepParts, identity: Identity, id: string): Promise<Sweep> =>
  changeSweep(parts, identity, id, sweep => {
    if (sweep.status !== 'PAUSED') throw errors.sweepNotResumable(sweep)
    return resumed(sweep, parts.now())
  })

/** Stops a sweep and all its trials for good. */
export const cancelSweep = (parts: SweepParts, identity: Identity, id: string): Promise<Sweep> =>
  changeSweep(parts, identity, id, sweep => {
    if (isFinished(sweep.status)) throw errors.sweepFinished(sweep)
    return cancelled(sweep, parts.now())
  })

async function changeSweep(
  parts: SweepParts,
  identity: Identity,
  id: string,
  decide: (sweep: Sweep) => SweepChange,
): Promise<Sweep> {
  await findSweep(parts, identity, id)
  const changed = await parts.sweeps.change(id, decide)
  if (!changed) throw errors.sweepNotFound(id)
  return changed
}

/** Does what is due by how the sweep stands: again, it changes nothing. */
export const advanceSweep = ({ sweeps, now }: SweepParts, id: string): Promise<Sweep | null> =>
  sweeps.change(id, sweep => advanced(sweep, now()))
