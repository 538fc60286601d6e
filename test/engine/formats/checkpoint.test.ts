import { describe, expect, it } from 'vitest'
import { readCheckpoint, writeCheckpoint } from '../../../engine/formats/checkpoint.ts'
import { writeSafetensors } from '../../../engine/formats/safetensors.ts'

describe('a training checkpoint', () => {
  it('holds arrays and state in one file, and the same content always gives the same bytes', () => {
    const arrays = { 'moments/a': Float32Array.of(1e-30, -0, 3), a: Float32Array.of(Number.NaN) }
    const state = { step: 40, random: [1, 2, 4294967295], config: { name: 'größe', rate: 0.1 } }
    const bytes = writeCheckpoint({ arrays, state })

    expect(readCheckpoint(bytes)).toEqual({ arrays, state })
    expect(writeCheckpoint({ state, arrays: { a: arrays.a, 'moments/a': arrays['moments/a'] } })).toEqual(bytes)
  })

  it('is not made of weights alone', () => {
    expect(() => readCheckpoint(writeSafetensors({}))).toThrow(/not a checkpoint/)
  })

  it('is refused when torn', () => {
    const bytes = writeCheckpoint({ arrays: { a: Float32Array.of(1, 2) }, state: { step: 1 } })
    expect(() => readCheckpoint(bytes.subarray(0, bytes.length - 1))).toThrow(/end at byte 8 and its data at 7/)
  })
})
