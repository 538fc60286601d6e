import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Pool } from 'pg'
import { lead } from '../../../kernel/database/leader.ts'
import { newId } from '../../../kernel/ids.ts'
import type { Log } from '../../../kernel/log.ts'
import { pause } from '../../../kernel/resilience/pause.ts'
import type { Dataset } from '../datasets/dataset.ts'
import { nameTaken } from '../datasets/errors.ts'
import type { ImportOrder, ImportProgress, ImportResult } from '../importer/protocol.ts'
import { type DatasetImport, mostCrashes } from './import.ts'
import type { ImportParts } from './ports.ts'
import { importInProcess } from './process.ts'

/** Imports that are done at once. */
const atOnce = 2
/** Between two looks for new ones. */
const lookMs = 300
/** Between two looks for what nobody wants any more. */
const sweepMs = 600_000

export interface RunnerOptions {
  readonly pool: Pool
  readonly log: Log
  /** What all orders have in common. */
  readonly order: Omit<ImportOrder, 'source' | 'staging'>
  /** Folder with one for each import that fetches. */
  readonly staging: string
}

/**
 * Does the imports that are to be done; of several processes, one. What a process that was killed has begun is begun again
 * by the next: what it fetched is still there, and of its dataset nothing is.
 */
export const startImports = (parts: ImportParts, { pool, log, order, staging }: RunnerOptions): AsyncDisposable =>
  lead({
    name: 'dataset imports',
    pool,
    log,
    async work(_, signal) {
      const running = new Map<string, Promise<void>>()
      let sweptAt = Number.NEGATIVE_INFINITY
      const begin = (wanted: DatasetImport) => {
        const folder = join(staging, wanted.id)
        const done = runImport(parts, wanted, { ...order, source: wanted.source, staging: folder }, signal, log)
          .catch(error => log.warn({ err: error, importId: wanted.id }, 'an import was interrupted'))
          .finally(() => running.delete(wanted.id))
        running.set(wanted.id, done)
      }
      try {
        while (!signal.aborted) {
          const waiting = await parts.imports.waiting()
          if (performance.now() - sweptAt > sweepMs) {
            sweptAt = performance.now()
            await sweep(parts, staging, waiting)
          }
          for (const wanted of waiting) if (running.size < atOnce && !running.has(wanted.id)) begin(wanted)
          await pause(lookMs, signal)
        }
      } finally {
        await Promise.all(running.values())
      }
    },
  })

/** Removes what was fetched for imports that are no more, and uploads that nobody came back for. */
async function sweep({ uploads }: ImportParts, staging: string, waiting: readonly DatasetImport[]): Promise<void> {
  const wanted = new Set(waiting.map(({ id }) => id))
  for (const id of await readdir(staging)) {
    if (!wanted.has(id)) await rm(join(staging, id), { recursive: true, force: true })
  }
  await uploads.sweep(waiting.flatMap(({ source: { from } }) => (from.kind === 'UPLOAD' ? [from.id] : [])))
}

async function runImport(
  parts: ImportParts,
  wanted: DatasetImport,
  order: ImportOrder,
  closing: AbortSignal,
  log: Log,
): Promise<void> {
  const { imports, now } = parts
  // It may have ended since it was looked up.
  if ((await imports.find(wanted.id))?.status !== 'IMPORTING') return
  const withdrawn = new AbortController()
  let isStoring = false
  const report = (progress: ImportProgress) => {
    if (isStoring) return
    isStoring = true
    imports
      .progress(wanted.id, progress)
      .then(isWanted => isWanted || withdrawn.abort())
      .catch(error => log.warn({ err: error }, 'the progress of an import could not be stored'))
      .finally(() => {
        isStoring = false
      })
  }
  // One that reads nothing, as it waits for an answer, is to end too.
  const look = setInterval(() => {
    imports.find(wanted.id).then(
      found => found?.status === 'IMPORTING' || withdrawn.abort(),
      error => log.warn({ err: error }, 'an import could not be looked up'),
    )
  }, 1_000)
  try {
    const ending = await importInProcess(order, report, AbortSignal.any([closing, withdrawn.signal]), log)
    if (ending.kind === 'ready') await complete(parts, wanted, ending)
    else if (ending.kind === 'failed') await imports.end(wanted.id, 'FAILED', ending.error, now())
    else if (!closing.aborted && !withdrawn.signal.aborted) await lost(parts, wanted, ending.reason)
    const isToGoOn = (await imports.find(wanted.id))?.status === 'IMPORTING'
    if (!isToGoOn) await rm(order.staging, { recursive: true, force: true })
  } finally {
    clearInterval(look)
  }
}

async function complete({ imports, uploads, now }: ImportParts, wanted: DatasetImport, result: ImportResult) {
  const { project, name, source } = wanted
  const { summary, digest, notes } = result
  const dataset: Dataset = {
    id: newId('ds'),
    project,
    name,
    digest,
    sizeBytes: summary.bytes,
    characters: summary.characters,
    documents: summary.documents,
    shortestBytes: summary.shortestBytes,
    longestBytes: summary.longestBytes,
    samples: summary.samples,
    source,
    idempotencyKey: null,
    createdAt: now(),
  }
  const stored = await imports.complete(wanted.id, dataset, notes, now())
  if (stored && stored.digest !== digest) {
    const { code, message } = nameTaken(stored)
    await imports.end(wanted.id, 'FAILED', { code, message }, now())
  } else if (stored && source.from.kind === 'UPLOAD') await uploads.remove(source.from.id)
}

async function lost({ imports, now }: ImportParts, { id }: DatasetImport, reason: string): Promise<void> {
  if ((await imports.crashed(id)) < mostCrashes) return
  const message = `The import ended ${mostCrashes} times before it was done, at last because ${reason}: the forge's log says more.`
  await imports.end(id, 'FAILED', { code: 'INTERNAL', message }, now())
}
