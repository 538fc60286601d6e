import { EngineError } from '../errors.ts'
import { PYTORCH, readSafetensors, writeSafetensors } from './safetensors.ts'

/** What a training needs to go on as if it had never stopped: parameters, optimizer state, and whatever is not numbers. */
export interface Checkpoint<State> {
  readonly arrays: Readonly<Record<string, Float32Array>>
  /** Anything JSON holds: step, random state, configuration. */
  readonly state: State
}

/** One safetensors file of flat arrays, the state in its metadata. Whoever stores it also stores its digest. */
export function writeCheckpoint<State>({ arrays, state }: Checkpoint<State>): Uint8Array {
  const tensors = Object.entries(arrays).map(([name, data]) => [name, { shape: [data.length], data }] as const)
  return writeSafetensors(Object.fromEntries(tensors), { ...PYTORCH, checkpoint: JSON.stringify(state) })
}

/**
 * Throws INVALID_INPUT on a file that is no checkpoint. An altered number cannot be seen here: the caller compares
 * the digest first, and vouches with it for the state's type.
 */
export function readCheckpoint<State>(bytes: Uint8Array): Checkpoint<State> {
  const { tensors, metadata } = readSafetensors(bytes)
  const arrays = Object.fromEntries(Array.from(tensors, ([name, { data }]) => [name, data]))
  try {
    return { arrays, state: JSON.parse(metadata.checkpoint) }
  } catch (cause) {
    const message = 'the file holds tensors but no training state: it is not a checkpoint'
    throw new EngineError('INVALID_INPUT', message, { cause })
  }
}
