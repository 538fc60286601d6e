import { EngineError } from '../../../engine/errors.ts'
import { openBlobs } from '../../../kernel/blobs/open.ts'
import { DomainError } from '../../../kernel/errors.ts'
import { enter } from '../../../kernel/telemetry/spans.ts'
import { openTracer } from '../../../kernel/telemetry/tracer.ts'
import { runEvoMerge } from '../evomerge/search.ts'
import type { JobError } from '../jobs/job.ts'
import { backgroundBlobs } from './background-blobs.ts'
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
  await using background = backgroundBlobs(order.blobs)
  try {
    await traced(order, async () =>
      (order.phase === 'EVOMERGE' ? runEvoMerge : runTraining)(order, {
        blobs: await openBlobs(order.blobs),
        store: background.put,
        shouldStop: () => mustStop,
        breathe: () => new Promise(resolve => setImmediate(resolve)),
        send(message) {
          if (message.kind === 'points') step = message.step
          send(message)
        },
      }),
    )
  } catch (error) {
    const failure = repeatable(error)
    // Anything else is tried again: the exit code and the printed error say that it was no answer.
    if (!failure) throw error
    send({ kind: 'failed', step, error: failure })
  }
  await delivered
  process.disconnect()
}

/** Its spans are sent before it ends: the worker waits for that, and so has the job's end by then. */
async function traced(order: Order, work: () => Promise<void>): Promise<void> {
  if (!order.tracing) return work()
  await using tracing = await openTracer('trainer', order.tracing)
  const { tracer } = tracing
  const attributes = { 'forge.job.id': order.jobId, 'forge.executor': order.executor }
  await enter({ name: 'job', tracer, traceparent: order.traceparent, labels: { jobId: order.jobId }, attributes }, work)
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
