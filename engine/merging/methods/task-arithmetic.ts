import { mergeMethod } from '../merge-method.ts'
import { addMixed, taskParameters, taskVectors, weight, weightsOf } from '../task-vectors.ts'

/**
 * θ₀ + λ·Σwᵢδᵢ, δᵢ = θᵢ − θ₀. "Editing models with task arithmetic", Ilharco et al. 2023 (arXiv:2212.04089).
 * Equal models give the same model where the weights sum to 1, or with `normalize`.
 */
export const taskArithmetic = mergeMethod({
  name: 'task_arithmetic',
  base: 'task',
  models: [1, Infinity],
  shared: taskParameters(false),
  each: weight,
  merge: ({ base, models, shared, each }) =>
    addMixed(base!, taskVectors(base!, models), { ...shared, weights: weightsOf(each), electSigns: false }),
})
