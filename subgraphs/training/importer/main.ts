import { EngineError } from '../../../engine/errors.ts'
import { openBlobs } from '../../../kernel/blobs/open.ts'
import { DomainError } from '../../../kernel/errors.ts'
import type { JobError } from '../jobs/job.ts'
import { runImport } from './importing.ts'
import type { FromImporter, ImportOrder } from './protocol.ts'

/** The importing process: one order, answered over IPC. Whoever forks it hears of its end, and it ends with that parent. */
const everyMs = 250
let reportedAt = 0
let delivered: Promise<void> = Promise.resolve()

const send = (message: FromImporter): void => {
  delivered = new Promise(resolve => process.send?.(message, undefined, undefined, () => resolve()))
}

async function obey(order: ImportOrder): Promise<void> {
  try {
    const result = await runImport(order, {
      blobs: await openBlobs(order.blobs),
      report(progress) {
        const now = performance.now()
        if (now - reportedAt < everyMs) return
        reportedAt = now
        send({ kind: 'progress', ...progress })
      },
    })
    send({ kind: 'ready', ...result })
  } catch (error) {
    const failure = expected(error)
    // Anything else is tried again: the exit code and the printed error say that it was no answer.
    if (!failure) throw error
    send({ kind: 'failed', error: failure })
  }
  await delivered
  process.disconnect()
}

function expected(error: unknown): JobError | null {
  if (error instanceof DomainError || error instanceof EngineError) return { code: error.code, message: error.message }
  if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') return null
  const message = 'There is no space left for what the import fetches: free some, or set FORGE_DATA to a larger disk.'
  return { code: 'RESOURCE_EXHAUSTED', message }
}

// Ctrl-C in a terminal reaches this process too; its parent decides.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {})
// Without a parent nobody would hear, and nobody would stop it.
process.on('disconnect', () => process.exit())
process.on('message', (order: ImportOrder) => void obey(order))
