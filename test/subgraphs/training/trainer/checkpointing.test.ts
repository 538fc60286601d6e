import { describe, expect, it } from 'vitest'
import type { Blob } from '../../../../kernel/blobs/blobs.ts'
import { unavailable } from '../../../../kernel/errors.ts'
import { openCheckpointing } from '../../../../subgraphs/training/trainer/checkpointing.ts'
import type { FromTrainer } from '../../../../subgraphs/training/trainer/protocol.ts'
import type { TrainingState } from '../../../../subgraphs/training/trainer/saving.ts'

const state = (step: number) =>
  ({
    trainer: { step, arrays: { w: new Float32Array([step]) } },
    sampler: {},
    tokenizer: {},
  }) as unknown as TrainingState
const blob = (step: number): Blob => ({ digest: `sha256:${step}`, sizeBytes: step })

/** Checkpointing over a store that answers when the test says so. */
function checkpointing(everyMs = 60_000) {
  const sent: FromTrainer[] = []
  const stored: { bytes: Uint8Array; answer: PromiseWithResolvers<Blob> }[] = []
  const store = (bytes: Uint8Array) => {
    const answer = Promise.withResolvers<Blob>()
    stored.push({ bytes, answer })
    return answer.promise
  }
  const send = (message: FromTrainer) => sent.push(message)
  return { sent, stored, checkpoints: openCheckpointing({ jobId: 'job_1', store, send, step: 0, everyMs }) }
}

describe('checkpoints', () => {
  it('are stored while the loop goes on, one at a time, and told of when they are there', async () => {
    const { sent, stored, checkpoints } = checkpointing()
    await checkpoints.save(state(1), { validationLoss: 3 })
    expect([checkpoints.savedStep, sent.length]).toEqual([1, 0])
    let isSecond = false
    const second = checkpoints.save(state(2)).then(() => {
      isSecond = true
    })
    await new Promise(setImmediate)
    expect([isSecond, stored.length]).toEqual([false, 1])

    stored[0]!.answer.resolve(blob(1))
    await second
    expect(sent).toEqual([{ kind: 'checkpoint', step: 1, ...blob(1), validationLoss: 3 }])
    stored[1]!.answer.resolve(blob(2))
    await checkpoints.settled()
    expect(sent).toHaveLength(2)
  })

  it('hold the state as it was, whatever the next step makes of it', async () => {
    const { stored, checkpoints } = checkpointing()
    const changing = state(1)
    await checkpoints.save(changing)
    const before = Buffer.from(stored[0]!.bytes)
    changing.trainer.arrays.w![0] = 99
    expect(before.equals(stored[0]!.bytes)).toBe(true)
  })

  it('are due after their time, but not while one is being stored', async () => {
    expect(checkpointing().checkpoints.isDue).toBe(false)
    const { stored, checkpoints } = checkpointing(-1)
    expect(checkpoints.isDue).toBe(true)
    await checkpoints.save(state(1))
    expect(checkpoints.isDue).toBe(false)
    stored[0]!.answer.resolve(blob(1))
    await checkpoints.settled()
  })

  it('are left out where the store is away, and end the training where it is broken', async () => {
    const { sent, stored, checkpoints } = checkpointing()
    await checkpoints.save(state(1))
    stored[0]!.answer.reject(unavailable('The bucket does not answer.'))
    await checkpoints.settled()
    expect(sent).toEqual([
      { kind: 'warning', message: 'The checkpoint of step 1 could not be saved: The bucket does not answer.' },
    ])
    await checkpoints.save(state(2))
    stored[1]!.answer.reject(new TypeError('digest is undefined'))
    await expect(checkpoints.settled()).rejects.toThrow('digest is undefined')
  })
})
