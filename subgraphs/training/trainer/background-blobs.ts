import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Blob } from '../../../kernel/blobs/blobs.ts'
import type { BlobSettings } from '../../../kernel/blobs/open.ts'
import { DomainError } from '../../../kernel/errors.ts'

export interface Asked {
  readonly bytes: Uint8Array
}

export type Outcome = { readonly blob: Blob } | Pick<DomainError, 'code' | 'message'>

export interface BackgroundBlobs extends AsyncDisposable {
  /** As `Blobs.put`, one at a time. The bytes are given away: nobody may look at them afterwards. */
  put(bytes: Uint8Array): Promise<Blob>
}

/**
 * Stores blobs from a thread of its own, which begins with the first: hashing and encrypting hundreds of megabytes, and
 * waiting for the disk to have them, would keep a training from its next step.
 */
export function backgroundBlobs(settings: BlobSettings): BackgroundBlobs {
  let thread: Worker | undefined
  const begin = () => {
    const begun = new Worker(new URL('./blob-thread.ts', import.meta.url), { workerData: settings })
    // A training that fails for another reason is not to wait for it.
    begun.unref()
    begun.on('exit', () => {
      thread = undefined
    })
    return begun
  }
  return {
    async put(bytes) {
      thread ??= begin()
      thread.ref()
      const answer = once(thread, 'message') as Promise<[Outcome]>
      const isWhole = bytes.byteLength === bytes.buffer.byteLength
      thread.postMessage({ bytes } satisfies Asked, isWhole ? [bytes.buffer as ArrayBuffer] : [])
      const [outcome] = await answer
      thread.unref()
      if ('blob' in outcome) return outcome.blob
      throw new DomainError(outcome.code, outcome.message)
    },
    [Symbol.asyncDispose]: async () => void (await thread?.terminate()),
  }
}
