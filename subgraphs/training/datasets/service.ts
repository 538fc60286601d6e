import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { chosenProject, type Identity, mayAccess } from '../../../kernel/auth/identity.ts'
import { newId } from '../../../kernel/ids.ts'
import { type Sample, sampleBytes, shown } from '../documents/summary.ts'
import { checkedIdempotencyKey } from '../idempotency.ts'
import { checkedPage, isId, type Page } from '../page.ts'
import { textCheck } from '../texts/text-check.ts'
import { type Dataset, everyProject, inlineLimit, isBuiltIn, isDatasetName } from './dataset.ts'
import * as errors from './errors.ts'
import type { DatasetParts } from './ports.ts'

export interface CreateDatasetInput {
  readonly name: string
  readonly text?: string | null
  readonly path?: string | null
  readonly project?: string | null
  readonly idempotencyKey?: string | null
}

/** Stores a text under a name. The same text under the same name again is the same dataset. */
export async function createDataset(parts: DatasetParts, identity: Identity, input: CreateDatasetInput) {
  const { name, text, path } = input
  const project = chosenProject(identity, input.project)
  if (!isDatasetName(name)) throw errors.badDatasetName(name)
  if ((text == null) === (path == null)) throw errors.noContent()
  const idempotencyKey = checkedIdempotencyKey(input.idempotencyKey)
  const shared = await parts.datasets.resolve(everyProject, name)
  if (shared) throw errors.nameTaken(shared)

  const content = text == null ? await parts.datasetFiles.open(path!) : inline(text)
  return addDataset(parts, { project, name, content, idempotencyKey })
}

export const digestOfText = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`

/** Stores a text that a job brought along; its digest names it. */
export async function storeText(parts: DatasetParts, project: string, text: string): Promise<Dataset> {
  return addDataset(parts, {
    project,
    name: `text-${digestOfText(text).slice('sha256:'.length, 'sha256:'.length + 12)}`,
    content: inline(text),
    idempotencyKey: null,
  })
}

/** Makes sure that a dataset which comes with the forge is there. */
export async function registerBuiltIn(parts: DatasetParts, name: string, read: () => string): Promise<void> {
  if (await parts.datasets.resolve(everyProject, name)) return
  await addDataset(parts, { project: everyProject, name, content: Readable.from([read()]), idempotencyKey: null })
}

export async function resolveDataset({ datasets }: DatasetParts, project: string, ref: string): Promise<Dataset> {
  const dataset = isId(ref, 'ds') || isDatasetName(ref) ? await datasets.resolve(project, ref) : null
  if (!dataset) throw errors.datasetNotFound(ref)
  return dataset
}

export async function findDataset({ datasets }: DatasetParts, identity: Identity, id: string) {
  const dataset = isId(id, 'ds') ? await datasets.find(id) : null
  return dataset && (isBuiltIn(dataset) || mayAccess(identity, dataset.project)) ? dataset : null
}

/** By its id, or by its name in the project that is named, or the caller's own. Throws NOT_FOUND. */
export async function chosenDataset(parts: DatasetParts, identity: Identity, ref: string, named?: string | null) {
  const dataset = isId(ref, 'ds')
    ? await findDataset(parts, identity, ref)
    : await resolveDataset(parts, chosenProject(identity, named), ref)
  if (!dataset) throw errors.datasetNotFound(ref)
  return dataset
}

export async function listDatasets({ datasets }: DatasetParts, { project }: Identity, page: Page) {
  return datasets.list(project, checkedPage(page, 'ds'))
}

/** How some of its documents begin. */
export async function samplesOf({ blobs }: DatasetParts, dataset: Dataset): Promise<readonly Sample[]> {
  if (dataset.samples) return dataset.samples
  const beginning = await buffer(await blobs.read(dataset.digest, { start: 0, end: sampleBytes - 1 }))
  return [{ document: 0, text: shown(beginning), bytes: dataset.sizeBytes }]
}

/** Forgets a dataset on which nothing depends. */
export async function deleteDataset(parts: DatasetParts, identity: Identity, ref: string, named?: string | null) {
  const dataset = await chosenDataset(parts, identity, ref, named)
  if (isBuiltIn(dataset)) throw errors.datasetBuiltIn(dataset)
  if (!(await parts.datasets.remove(dataset))) throw errors.datasetInUse(dataset)
  return dataset
}

function inline(text: string): Readable {
  const bytes = Buffer.from(text)
  if (bytes.length > inlineLimit) throw errors.inlineTooLarge(bytes.length)
  return Readable.from(bytes.length > 0 ? [bytes] : [])
}

interface NewDataset extends Pick<Dataset, 'project' | 'name' | 'idempotencyKey'> {
  readonly content: Readable
}

async function addDataset({ datasets, blobs, now }: DatasetParts, { content, ...named }: NewDataset) {
  const check = textCheck(named.name)
  const storing = blobs.put(check.stream)
  // Both to their ends, so that of what fails nothing is left; a failure of either is one of the other.
  await Promise.allSettled([storing, pipeline(content, check.stream)])
  const blob = await storing
  const dataset: Dataset = {
    ...named,
    ...check.counts(),
    documents: 1,
    shortestBytes: null,
    longestBytes: null,
    samples: null,
    source: null,
    id: newId('ds'),
    digest: blob.digest,
    createdAt: now(),
  }
  const stored = await datasets.add(dataset)
  if (stored.digest === dataset.digest && stored.name === dataset.name) return stored
  await datasets.drop(dataset)
  throw stored.idempotencyKey !== null && stored.idempotencyKey === dataset.idempotencyKey
    ? errors.datasetKeyReused(stored.idempotencyKey, stored)
    : errors.nameTaken(stored)
}
