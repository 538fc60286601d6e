import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { type Identity, roles } from '../../../kernel/auth/identity.ts'
import type { Blobs } from '../../../kernel/blobs/blobs.ts'
import { invalidInput, notFound } from '../../../kernel/errors.ts'
import { isFinished } from '../../../schema/values.ts'
import type { TrainingParts } from '../../../subgraphs/training/builder.ts'
import type { StepRejection } from '../../../subgraphs/training/cognate/ports.ts'
import type { Dataset } from '../../../subgraphs/training/datasets/dataset.ts'
import type { KnownVersions } from '../../../subgraphs/training/evomerge/ports.ts'
import type { KnownVersion } from '../../../subgraphs/training/evomerge/version.ts'
import type { DatasetImport } from '../../../subgraphs/training/imports/import.ts'
import type { Imports } from '../../../subgraphs/training/imports/ports.ts'
import type { JobEvent, TrainingJob } from '../../../subgraphs/training/jobs/job.ts'
import { countOf, pointAt } from '../../../subgraphs/training/metrics/points.ts'
import type { PackedSeries } from '../../../subgraphs/training/metrics/series.ts'
import type { Page } from '../../../subgraphs/training/page.ts'
import type { SweepEvent, Sweeps } from '../../../subgraphs/training/sweeps/ports.ts'
import { ranked, type Sweep, tallied } from '../../../subgraphs/training/sweeps/sweep.ts'
import type { Upload } from '../../../subgraphs/training/uploads/upload.ts'

export const identityOf = (project = 'default'): Identity => ({
  principal: 'key_1',
  name: 'tester',
  project,
  scopes: roles.trainer,
})

export const clock = new Date('2026-03-01T12:00:00.000Z')

/** The ports of training over arrays; `beforeTransition` runs once between a read and the write that follows it. */
export function trainingInMemory() {
  const jobs: TrainingJob[] = []
  const datasets: Dataset[] = []
  /** Digests of contents that datasets do not need any more. */
  const dropped: string[] = []
  const imports: DatasetImport[] = []
  const uploads: Upload[] = []
  const events: JobEvent[] = []
  const rejections: StepRejection[] = []
  const sweepEvents: SweepEvent[] = []
  const contents = new Map<string, Uint8Array>()
  const series: PackedSeries[] = []
  const state = { memory: 16e9, beforeTransition: () => {} }

  const replace = (job: TrainingJob): TrainingJob => {
    jobs[jobs.findIndex(({ id }) => id === job.id)] = job
    return job
  }
  const blobs: Blobs = {
    async put(bytes) {
      const whole = bytes instanceof Readable ? await buffer(bytes) : bytes
      const digest = `sha256:${createHash('sha256').update(whole).digest('hex')}`
      contents.set(digest, whole)
      return { digest, sizeBytes: whole.length }
    },
    find: async digest => (contents.has(digest) ? { digest, sizeBytes: contents.get(digest)!.length } : null),
    read: async (digest, { start, end } = { start: 0, end: contents.get(digest)!.length }) =>
      Readable.from([contents.get(digest)!.subarray(start, end + 1)]),
    async bytes(digest) {
      const found = contents.get(digest)
      if (!found) throw notFound(`There is no blob ${digest}.`)
      return found
    },
    collect: async digest => contents.delete(digest),
    async remove(digest) {
      contents.delete(digest)
    },
  }
  const parts: TrainingParts = {
    now: () => clock,
    blobs,
    fleet: { largestMemory: async () => state.memory, machines: async () => [], see: async () => {} },
    rejections: { reject: async rejection => void rejections.push(rejection) },
    metrics: {
      series: async (_job, names) => series.filter(({ name }) => !names || names.includes(name)),
      newest: async () => series.map(({ name, points }) => ({ name, ...pointAt(points, countOf(points) - 1) })),
    },
    logs: { read: async () => ({ total: 0, lines: [] }) },
    line: { suitable: async () => [], waiting: async () => jobs.filter(({ status }) => status === 'QUEUED') },
    groups: {
      members: async groupId => jobs.filter(job => job.groupId === groupId),
      controlOf: async id => jobs.find(job => job.controlOf === id) ?? null,
    },
    checkpoints: { ofJob: async () => [] },
    versions: versionsInMemory(),
    sweeps: sweepsInMemory(jobs, sweepEvents),
    jobs: {
      find: async id => jobs.find(job => job.id === id) ?? null,
      list: async (project, { status, label }, page) =>
        paged(
          jobs.filter(
            job =>
              (project === '*' || job.project === project) &&
              (!status || status.includes(job.status)) &&
              (!label || job.labels.includes(label)),
          ),
          page,
        ),
      findByIdempotencyKey: async (project, key) =>
        jobs.find(job => job.project === project && job.idempotencyKey === key) ?? null,
      async add(job, event) {
        const twin = jobs.find(
          ({ project, idempotencyKey, runId, stepName }) =>
            (job.idempotencyKey !== null && project === job.project && idempotencyKey === job.idempotencyKey) ||
            (job.runId !== null && runId === job.runId && stepName === job.stepName),
        )
        if (twin) return twin
        jobs.push(job)
        events.push(event)
        return job
      },
      async transition(job, change, event) {
        const before = state.beforeTransition
        state.beforeTransition = () => {}
        before()
        const current = jobs.find(({ id }) => id === job.id)!
        if (current.revision !== job.revision) return null
        events.push(event)
        return replace({ ...current, ...change, revision: current.revision + 1 })
      },
      async prioritize(id, priority) {
        const job = jobs.find(job => job.id === id && !isFinished(job.status))
        return job ? replace({ ...job, priority }) : null
      },
      ofRun: async runId => jobs.filter(job => job.runId === runId),
    },
    datasets: {
      find: async id => datasets.find(dataset => dataset.id === id) ?? null,
      resolve: async (project, ref) =>
        datasets.find(
          dataset => [project, '*'].includes(dataset.project) && [dataset.id, dataset.name].includes(ref),
        ) ?? null,
      list: async (project, page) =>
        paged(
          datasets.filter(dataset => project === '*' || [project, '*'].includes(dataset.project)),
          page,
        ),
      async add(dataset) {
        const twin = datasets.find(
          ({ project, name, idempotencyKey }) =>
            project === dataset.project &&
            (name === dataset.name || (idempotencyKey !== null && idempotencyKey === dataset.idempotencyKey)),
        )
        if (!twin) datasets.push(dataset)
        return twin ?? dataset
      },
      tokens: async () => null,
      drop: async ({ digest }) => void dropped.push(digest),
      async remove({ id, digest }) {
        if (jobs.some(({ datasetId }) => datasetId === id)) return false
        dropped.push(digest)
        datasets.splice(
          datasets.findIndex(dataset => dataset.id === id),
          1,
        )
        return true
      },
    },
    uploads: {
      find: async id => uploads.find(upload => upload.id === id) ?? null,
      remove: async id => {
        uploads.splice(0, uploads.length, ...uploads.filter(upload => upload.id !== id))
      },
      sweep: async () => {},
    },
    imports: importsInMemory(imports, datasets),
    datasetFiles: {
      async open(path) {
        throw invalidInput(`There is no file "${path}".`)
      },
    },
  }
  return { parts, jobs, datasets, dropped, imports, uploads, events, sweepEvents, rejections, series, state, replace }
}

function importsInMemory(imports: DatasetImport[], datasets: Dataset[]): Imports {
  const running = (id: string) => imports.findIndex(found => found.id === id && found.status === 'IMPORTING')
  const change = (at: number, changed: Partial<DatasetImport>) => {
    if (at >= 0) imports[at] = { ...imports[at]!, ...changed }
    return at >= 0
  }
  return {
    find: async id => imports.find(found => found.id === id) ?? null,
    list: async (project, status, page) =>
      paged(
        imports.filter(
          found => (project === '*' || found.project === project) && (!status || status.includes(found.status)),
        ),
        page,
      ),
    async add(added) {
      const own = imports.filter(({ project }) => project === added.project)
      const twin =
        own.find(({ idempotencyKey: key }) => key !== null && key === added.idempotencyKey) ??
        own.find(({ name, status }) => name === added.name && status === 'IMPORTING')
      if (!twin) imports.push(added)
      return twin ?? added
    },
    waiting: async () => imports.filter(({ status }) => status === 'IMPORTING'),
    progress: async (id, progress) => change(running(id), progress),
    async complete(id, dataset, notes, at) {
      const place = running(id)
      if (place < 0) return null
      datasets.push(dataset)
      change(place, { status: 'READY', datasetId: dataset.id, progress: 1, notes, finishedAt: at })
      return dataset
    },
    end: async (id, status, error, at) => change(running(id), { status, error, finishedAt: at }),
    async crashed(id) {
      const crashes = imports.find(found => found.id === id)!.crashes + 1
      change(running(id), { crashes })
      return crashes
    },
  }
}

function versionsInMemory(): KnownVersions {
  const known = new Map<string, KnownVersion & { isDeleted: boolean }>()
  const aliases = new Map<string, string | null>()
  return {
    async find(project, named) {
      const ref = 'alias' in named ? { id: aliases.get(`${project} ${named.modelName} ${named.alias}`) ?? '' } : named
      const found = [...known.values()]
        .filter(version => version.project === project && !version.isDeleted)
        .filter(({ id, modelName }) => ('id' in ref ? id === ref.id : modelName === ref.modelName))
        .filter(({ number }) => 'id' in ref || ref.number === 'latest' || number === ref.number)
      return found.toSorted((one, other) => other.number - one.number)[0] ?? null
    },
    async add(version) {
      if (!known.has(version.id)) known.set(version.id, { ...version, isDeleted: false })
    },
    async moveAlias(project, modelName, alias, versionId) {
      aliases.set(`${project} ${modelName} ${alias}`, versionId)
    },
    async setDeleted(id, isDeleted) {
      const version = known.get(id)
      if (version) known.set(id, { ...version, isDeleted })
    },
    async remove(id) {
      known.delete(id)
    },
  }
}

/** One after the other, as behind the lock of a row. */
function sweepsInMemory(jobs: TrainingJob[], events: SweepEvent[]): Sweeps {
  const sweeps: Sweep[] = []
  const fresh = (sweep: Sweep | undefined): Sweep | null =>
    sweep
      ? {
          ...sweep,
          trials: sweep.trials.map(trial => ({ ...trial, job: jobs.find(({ id }) => id === trial.job?.id) ?? null })),
        }
      : null
  const trialsOf = (id: string) => fresh(sweeps.find(sweep => sweep.id === id))?.trials ?? []
  return {
    find: async id => fresh(sweeps.find(sweep => sweep.id === id)),
    list: async (project, page) =>
      paged(
        sweeps.filter(({ shared }) => ['*', shared.project].includes(project)),
        page,
      ),
    trials: async id => trialsOf(id),
    tallies: async id => tallied(trialsOf(id)),
    async leader(id) {
      const best = sweeps.find(sweep => sweep.id === id)?.best ?? null
      const trials = trialsOf(id)
      return (best === null ? ranked(trials)[0] : trials.find(({ number }) => number === best)) ?? null
    },
    ofJob: async jobId => jobs.find(({ id }) => id === jobId)?.sweepId ?? null,
    async add(sweep, event) {
      const { idempotencyKey: key, shared } = sweep
      const twin = sweeps.find(
        other => key !== null && other.idempotencyKey === key && other.shared.project === shared.project,
      )
      if (twin) return twin
      sweeps.push(sweep)
      events.push(event)
      return sweep
    },
    async change(id, decide) {
      const index = sweeps.findIndex(sweep => sweep.id === id)
      const before = fresh(sweeps[index])
      const change = before && decide(before)
      if (!change) return before
      for (const { job, change: columns } of change.moved ?? []) {
        const at = jobs.findIndex(({ id }) => id === job.id)
        jobs[at] = { ...jobs[at]!, ...columns, revision: jobs[at]!.revision + 1 }
      }
      jobs.push(...(change.begun ?? []).map(({ job }) => job))
      const trials = before.trials.map(trial => {
        const begun = change.begun?.find(({ trial: other }) => other.number === trial.number)
        return begun
          ? { ...trial, job: begun.job }
          : (change.trials?.find(({ number }) => number === trial.number) ?? trial)
      })
      sweeps[index] = { ...before, trials, ...change.sweep }
      const after = fresh(sweeps[index])!
      events.push(...change.events(after))
      return after
    },
  }
}

function paged<T extends { readonly id: string }>(all: readonly T[], { after, before, limit, inverted }: Page): T[] {
  const page = all.filter(({ id }) => !(after && id >= after) && !(before && id <= before))
  return page.toSorted((one, other) => (one.id < other.id === inverted ? -1 : 1)).slice(0, limit)
}
