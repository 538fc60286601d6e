import { isDeepStrictEqual } from 'node:util'
import { chosenProject, type Identity, mayAccess } from '../../../kernel/auth/identity.ts'
import { newId } from '../../../kernel/ids.ts'
import { everyProject, isDatasetName } from '../datasets/dataset.ts'
import { badDatasetName, nameTaken } from '../datasets/errors.ts'
import { checkedIdempotencyKey } from '../idempotency.ts'
import { checkedUrl } from '../importer/fetching/url.ts'
import { valueTexts } from '../importer/formats/values.ts'
import { checkedPage, isId, type Page } from '../page.ts'
import { noUpload, uploadUnfinished } from '../uploads/errors.ts'
import * as errors from './errors.ts'
import type { DatasetImport, ImportStatus } from './import.ts'
import type { ImportParts } from './ports.ts'
import { readImportSource } from './request.ts'
import type { ImportSource } from './source.ts'

export interface ImportDatasetInput {
  readonly name: string
  readonly project?: string | null
  readonly idempotencyKey?: string | null
  /** See request.ts. */
  readonly settings: unknown
}

/** Begins to make a dataset of a source, or answers the import that the idempotency key stands for already. */
export async function importDataset(
  parts: ImportParts,
  identity: Identity,
  { name, settings, ...input }: ImportDatasetInput,
): Promise<DatasetImport> {
  const project = chosenProject(identity, input.project)
  if (!isDatasetName(name)) throw badDatasetName(name)
  const idempotencyKey = checkedIdempotencyKey(input.idempotencyKey)
  const source = readImportSource(settings)
  await checkSource(parts, identity, source)

  const added: DatasetImport = {
    id: newId('imp'),
    project,
    name,
    status: 'IMPORTING',
    source,
    principal: identity.principal,
    progress: 0,
    bytesRead: 0,
    documents: 0,
    notes: [],
    crashes: 0,
    datasetId: null,
    error: null,
    idempotencyKey,
    createdAt: parts.now(),
    finishedAt: null,
  }
  const earlier = await parts.datasets.resolve(project, name)
  // The same request again, after its dataset was made, is answered by its import.
  if (earlier && (idempotencyKey === null || earlier.project === everyProject)) throw nameTaken(earlier)
  const stored = await parts.imports.add(added)
  if (stored.id === added.id) return stored
  if (idempotencyKey === null || stored.idempotencyKey !== idempotencyKey) throw errors.importUnderWay(stored)
  const isSame = isDeepStrictEqual([stored.source, stored.name], [source, name])
  if (!isSame) throw errors.importKeyReused(idempotencyKey, stored)
  return stored
}

/** What can be said before anything is read. */
async function checkSource({ uploads }: ImportParts, identity: Identity, { from, reading }: ImportSource) {
  valueTexts(reading.template)
  if (from.kind === 'URL') checkedUrl(from.url)
  if (from.kind !== 'UPLOAD') return
  const upload = await uploads.find(from.id)
  if (!upload || !mayAccess(identity, upload.project)) throw noUpload(from.id)
  if (upload.receivedBytes < upload.sizeBytes) throw uploadUnfinished(upload)
}

export async function findImport({ imports }: ImportParts, identity: Identity, id: string) {
  const found = isId(id, 'imp') ? await imports.find(id) : null
  return found && mayAccess(identity, found.project) ? found : null
}

export async function listImports(
  { imports }: ImportParts,
  { project }: Identity,
  status: readonly ImportStatus[] | null,
  page: Page,
) {
  return imports.list(project, status, checkedPage(page, 'imp'))
}

/** Ends an import; of what it has read nothing stays. */
export async function cancelImport(parts: ImportParts, identity: Identity, id: string): Promise<DatasetImport> {
  const found = await findImport(parts, identity, id)
  if (!found) throw errors.importNotFound(id)
  const hasEnded = await parts.imports.end(id, 'CANCELLED', null, parts.now())
  const now = (await parts.imports.find(id))!
  if (!hasEnded) throw errors.importFinished(now)
  return now
}
