import { parentPort, workerData } from 'node:worker_threads'
import type { Blobs } from '../../../kernel/blobs/blobs.ts'
import { type BlobSettings, openBlobs } from '../../../kernel/blobs/open.ts'
import { DomainError } from '../../../kernel/errors.ts'
import type { Asked, Outcome } from './background-blobs.ts'

/** The thread of `backgroundBlobs`: hashes, encrypts and writes, one blob after the other. */
let blobs: Promise<Blobs> | undefined

parentPort!.on('message', async ({ bytes }: Asked) => {
  parentPort!.postMessage(await outcomeOf(bytes))
})

async function outcomeOf(bytes: Uint8Array): Promise<Outcome> {
  try {
    // Not before it is waited for: a store that cannot be opened is an answer.
    blobs ??= openBlobs(workerData as BlobSettings)
    return { blob: await (await blobs).put(bytes) }
  } catch (error) {
    if (error instanceof DomainError) return { code: error.code, message: error.message }
    throw error
  }
}
