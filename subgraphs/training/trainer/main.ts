import { EngineError } from '../../../engine/errors.ts'
import { openFileBlobs } from '../../../kernel/blobs/files.ts'
import { DomainError } from '../../../kernel/errors.ts'
import type { JobError } from '../jobs/job.ts'
import type { FromTrainer, Order, ToTrainer } from './protocol.ts'
import { runTraining } from './training.ts'

/** The training process: one order, answered over IPC. Whoever forks it hears of its end, and it ends with that parent. */
let mustStop = false
let delivered: Promise<void> = Promise.resolve()

const send = (message: FromTrainer): void => {
  delivered = new Promise(resolve => process.send?.(message, undefined, undefined, () => resolve()))
}

async function obey(order: Order): Promise<void> {
  let step = 0
  try {
    await runTraining(order, {
      blobs: await openFileBlobs(order.blobs),
      shouldStop: () => mustStop,
      breathe: () => new Promise(resolve => setImmediate(resolve)),
      send(message) {
        if (message.kind === 'points') step = message.step
        send(message)
      },
    })
  } catch (error) {
    const failure = repeatable(error)
    // Anything else is tried again: the exit code and the printed error say that it was no answer.
    if (!failure) throw error
    send({ kind: 'failed', step, error: failure })
  }
  await delivered
  process.disconnect()
}

/** A failure that another attempt would meet again. */
function repeatable(error: unknown): JobError | null {
  if (error instanceof EngineError) return { code: error.code, message: error.message }
  if (error instanceof DomainError && error.code !== 'UNAVAILABLE' && error.code !== 'TIMEOUT') {
    return { code: error.code, message: error.message }
  }
  return null
}

// Ctrl-C in a terminal reaches this process too; its parent then asks for the same.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    mustStop = true
  })
}
// Without a parent nobody would hear, and nobody would stop it.
process.on('disconnect', () => process.exit())
process.on('message', (message: ToTrainer) => {
  if (message.kind === 'stop') mustStop = true
  else void obey(message)
})
