import { expect, it } from 'vitest'
import { unigramEntropy } from '../../../engine/training/unigram.ts'

it('is ln n for n equally frequent tokens', () => {
  expect(unigramEntropy([Int32Array.of(1, 2), Int32Array.of(3, 4)])).toBeCloseTo(Math.log(4), 12)
})

it('is zero for a constant text', () => {
  expect(unigramEntropy([[7, 7, 7]])).toBeCloseTo(0, 12)
})

it('weighs tokens by their frequency', () => {
  expect(unigramEntropy([[0, 0, 0, 1]])).toBeCloseTo(-0.75 * Math.log(0.75) - 0.25 * Math.log(0.25), 12)
})
