import { like, mergeMethod, number } from '../merge-method.ts'

/**
 * θ, times `scale` where that is not 1: what stacks layers of several models into one ("frankenmerging", as
 * SOLAR's depth up-scaling, Kim et al. 2023, arXiv:2312.15166).
 */
export const passthrough = mergeMethod({
  name: 'passthrough',
  base: 'none',
  models: [1, 1],
  shared: {},
  each: { scale: number({ default: 1 }) },
  merge({ models, each }) {
    const { scale } = each[0]!
    return scale === 1
      ? models[0]!
      : like(
          models[0]!,
          models[0]!.data.map(value => value * scale),
        )
  },
})
