import { like, mergeMethod, number } from '../merge-method.ts'
import { slerpFactors, whole } from '../spheres.ts'

/** Where mergekit takes two vectors for colinear, and interpolates linearly. */
const colinear = 0.9995

/**
 * [sin((1−t)Ω)·a + sin(tΩ)·b] / sinΩ: a is the base model's tensor, Ω the angle between the two as flat vectors; t 0
 * gives the base. "Animating rotation with quaternion curves", Shoemake 1985. Equal models give the same model.
 */
export const slerp = mergeMethod({
  name: 'slerp',
  base: 'paired',
  models: [2, 2],
  shared: { t: number({ from: 0, to: 1 }) },
  each: {},
  merge({ models, shared: { t } }) {
    const [a, b] = models as [(typeof models)[0], (typeof models)[0]]
    const [ofA, ofB] = slerpFactors(whole(a.data), whole(b.data), t, colinear)
    return like(
      a,
      a.data.map((value, index) => ofA * value + ofB * b.data[index]!),
    )
  },
})
