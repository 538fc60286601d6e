import { EngineError } from '../errors.ts'

export interface Schedule {
  /** The rate at the end of the warm-up. */
  readonly peak: number
  /** The rate at the last step. */
  readonly floor: number
  /** Steps of linear growth before the peak. */
  readonly warmUp: number
  /** The step of the floor; later steps stay there. */
  readonly steps: number
}

/**
 * Linear warm-up, then half a cosine (Loshchilov and Hutter 2017, SGDR, without restarts). Steps count from 1:
 * step `warmUp` has the peak, step `steps` the floor, and no step has rate 0 unless the floor is 0.
 */
export function learningRate(schedule: Schedule, step: number): number {
  const { peak, floor, warmUp, steps } = schedule
  if (step < warmUp) return (peak * step) / warmUp
  if (step >= steps) return floor
  const progress = (step - warmUp) / (steps - warmUp)
  return floor + ((peak - floor) * (1 + Math.cos(Math.PI * progress))) / 2
}

/** What most trainings use: a twentieth of the steps to warm up, and a tenth of the peak at the end. */
export function usualSchedule(peak: number, steps: number): Schedule {
  return { peak, floor: peak / 10, warmUp: Math.floor(steps / 20), steps }
}

/** Throws INVALID_INPUT naming the value that makes no schedule. */
export function validateSchedule({ peak, floor, warmUp, steps }: Schedule): void {
  if (!(peak > 0) || !Number.isFinite(peak)) throw invalid(`the learning rate is ${peak}: it must be a number above 0`)
  if (!(floor >= 0) || floor > peak)
    throw invalid(`the final learning rate is ${floor}: it must be from 0 to the peak, ${peak}`)
  if (!Number.isSafeInteger(steps) || steps < 1) throw invalid(`steps is ${steps}: it must be a whole number from 1`)
  if (!Number.isSafeInteger(warmUp) || warmUp < 0 || warmUp > steps) {
    throw invalid(`the warm-up is ${warmUp} steps: it must be a whole number from 0 to the ${steps} steps of training`)
  }
}

function invalid(message: string): EngineError {
  return new EngineError('INVALID_INPUT', message)
}
