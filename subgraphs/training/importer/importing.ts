import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { taskExamples } from '../../../engine/tasks/task.ts'
import type { Blobs } from '../../../kernel/blobs/blobs.ts'
import { storeDocuments } from '../documents/content.ts'
import { type Piece, type Pieces, wholeDocument } from '../documents/piece.ts'
import type { TaskSource } from '../imports/source.ts'
import { contentTooLarge, noDocument } from './errors.ts'
import { type Checksum, download, type Wanted } from './fetching/download.ts'
import { type Fetcher, openFetcher } from './fetching/fetcher.ts'
import { hubFiles } from './fetching/hub.ts'
import { findFiles } from './folder.ts'
import { documentsOf } from './formats/format.ts'
import type { ImportOrder, ImportProgress, ImportResult } from './protocol.ts'
import { type Found, openSourceFile } from './source-file.ts'
import { findUpload } from './upload.ts'

export interface Surroundings {
  readonly blobs: Blobs
  report(progress: ImportProgress): void
}

/** Makes the content of a dataset from its source; on a failure nothing of it is stored. */
export async function runImport(order: ImportOrder, { blobs, report }: Surroundings): Promise<ImportResult> {
  const { from, reading } = order.source
  let documents = 0
  if (from.kind === 'TASK') {
    const pieces = counted(generated(from), order.limitBytes, count => {
      documents += count
    })
    return stored(blobs, pieces, [])
  }
  const isFetched = from.kind === 'URL' || from.kind === 'HUB'
  // What is fetched is half of the way, and reading it the other.
  const fetchShare = isFetched ? 0.5 : 0
  const { files, notes } = await gather(order, share =>
    report({ progress: share * fetchShare, bytesRead: 0, documents }),
  )

  const size = files.reduce((sum, file) => sum + file.size, 0)
  let bytesRead = 0
  const tick = (bytes: number) => {
    bytesRead = Math.min(size, bytesRead + bytes)
    report({ progress: fetchShare + (1 - fetchShare) * (bytesRead / Math.max(1, size)), bytesRead, documents })
  }
  async function* all(): AsyncGenerator<Iterable<Piece>> {
    for (const found of files) {
      await using file = await openSourceFile(found)
      yield* documentsOf(file, reading, tick)
    }
  }
  const pieces = counted(all(), order.limitBytes, count => {
    documents += count
  })
  return stored(blobs, pieces, notes)
}

async function stored(blobs: Blobs, pieces: Pieces, notes: readonly string[]): Promise<ImportResult> {
  const { blob, summary } = await storeDocuments(blobs, nonEmpty(pieces))
  return { digest: blob.digest, summary, notes }
}

interface Gathered {
  readonly files: readonly Found[]
  readonly notes: readonly string[]
}

/** The files of the source, on this machine. */
async function gather(order: ImportOrder, report: (share: number) => void): Promise<Gathered> {
  const { from } = order.source
  switch (from.kind) {
    case 'FILES':
      return findFiles(order.datasets, from)
    case 'UPLOAD':
      return { files: [await findUpload(order.uploads, from)], notes: [] }
    case 'URL': {
      await using fetcher = openFetcher(order.fetching)
      const checksum: Checksum | undefined = from.sha256 === null ? undefined : { kind: 'SHA256', value: from.sha256 }
      const name = decodeURIComponent(new URL(from.url).pathname.split('/').at(-1) || 'download')
      return { files: await fetchAll(order, fetcher, [{ name, url: from.url, checksum }], report), notes: [] }
    }
    case 'HUB': {
      await using fetcher = openFetcher(order.fetching)
      const wanted = await hubFiles(fetcher, order.fetching, from)
      return { files: await fetchAll(order, fetcher, wanted, report), notes: [] }
    }
    case 'TASK':
      return { files: [], notes: [] }
  }
}

async function fetchAll(
  { staging, limitBytes }: ImportOrder,
  fetcher: Fetcher,
  wanted: readonly (Omit<Wanted, 'path'> & { readonly name: string })[],
  report: (share: number) => void,
): Promise<Found[]> {
  await mkdir(staging, { recursive: true })
  const told = wanted.reduce((sum, { size = 0 }) => sum + size, 0)
  if (told > limitBytes) throw contentTooLarge(limitBytes)
  const files: Found[] = []
  let before = 0
  for (const [index, { name, ...file }] of wanted.entries()) {
    const path = join(staging, `file-${index}`)
    const isHere = await stat(path).then(
      () => true,
      () => false,
    )
    if (!isHere) {
      await download(
        { ...file, path },
        {
          fetcher,
          limitBytes: limitBytes - before,
          report: (received, size = received) => report((before + received) / Math.max(1, told, before + size)),
        },
      )
    }
    const { size } = await stat(path)
    before += size
    files.push({ name, path, size })
  }
  return files
}

async function* generated({ task }: TaskSource): AsyncGenerator<Piece[]> {
  let batch: Piece[] = []
  for (const example of taskExamples(task)) {
    batch.push(wholeDocument(example))
    if (batch.length < 1_000) continue
    yield batch
    batch = []
  }
  yield batch
}

/** Counts documents, and throws when their bytes are too many: a small file may unpack to an endless one. */
async function* counted(
  pieces: Pieces,
  limit: number,
  count: (documents: number) => void,
): AsyncGenerator<Iterable<Piece>> {
  let bytes = 0
  for await (const batch of pieces) {
    const known = Array.from(batch)
    for (const piece of known) bytes += piece.bytes.length
    if (bytes > limit) throw contentTooLarge(limit)
    count(known.filter(piece => piece.isLast).length)
    yield known
  }
}

async function* nonEmpty(pieces: Pieces): AsyncGenerator<Iterable<Piece>> {
  let isEmpty = true
  for await (const batch of pieces) {
    for (const { bytes } of batch) if (bytes.length > 0) isEmpty = false
    yield batch
  }
  if (isEmpty) throw noDocument()
}
