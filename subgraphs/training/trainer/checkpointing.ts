import type { Blob } from '../../../kernel/blobs/blobs.ts'
import { DomainError } from '../../../kernel/errors.ts'
import { inSpan } from '../../../kernel/telemetry/spans.ts'
import type { SavedState } from '../attempts/service.ts'
import type { FromTrainer } from './protocol.ts'
import { packState, type TrainingState } from './saving.ts'

/** Of all time, at most this share goes into checkpoints that only time asks for. */
const timeShare = 0.05

/** What the weights of a step are worth, where it was measured. */
export type Rating = Pick<SavedState, 'validationLoss'>

interface CheckpointingOptions {
  readonly jobId: string
  /** Takes the bytes over, and stores them beside the loop. */
  store(bytes: Uint8Array): Promise<Blob>
  send(message: FromTrainer): void
  /** The step that the training begins with: that state is saved already. */
  readonly step: number
  /** A checkpoint is due at the latest after so long. */
  readonly everyMs: number
}

/**
 * Saves a training while it goes on: the loop waits for the copy of its state, and for the checkpoint before where that
 * is not stored yet. One that finds no room is left out with a warning: the training has those before it.
 */
export function openCheckpointing({ jobId, store, send, step, everyMs }: CheckpointingOptions) {
  let savedStep = step
  let begunAt = performance.now()
  let patienceMs = everyMs
  let storing: Promise<void> | undefined
  let failure: unknown

  const keep = async (state: TrainingState, rating: Rating, bytes: Uint8Array) => {
    const began = performance.now()
    const { step } = state.trainer
    try {
      const blob = await inSpan('checkpoint', { attributes: { 'forge.job.step': step } }, () => store(bytes))
      send({ kind: 'checkpoint', step, ...blob, ...rating })
    } catch (error) {
      if (!isPassing(error)) failure = error
      else send({ kind: 'warning', message: `The checkpoint of step ${step} could not be saved: ${error.message}` })
    }
    patienceMs = Math.max(everyMs, (performance.now() - began) / timeShare)
    storing = undefined
  }
  const settled = async () => {
    await storing
    if (failure !== undefined) throw failure
  }
  return {
    /** The newest step whose state is saved, or is being saved. */
    get savedStep() {
      return savedStep
    },
    get isDue() {
      return storing === undefined && performance.now() - begunAt > patienceMs
    },
    async save(state: TrainingState, rating: Rating = {}): Promise<void> {
      await settled()
      savedStep = state.trainer.step
      begunAt = performance.now()
      storing = keep(state, rating, packState(jobId, state))
    },
    /** Waits for what is being stored; throws what went wrong with it. */
    settled,
  }
}

/** Another checkpoint may fare better: the disk is full, or the store away. */
const isPassing = (error: unknown): error is DomainError =>
  error instanceof DomainError && ['RESOURCE_EXHAUSTED', 'UNAVAILABLE', 'TIMEOUT'].includes(error.code)
