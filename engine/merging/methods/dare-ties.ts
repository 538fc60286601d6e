import { dare, dareParameters } from '../dare.ts'
import { mergeMethod } from '../merge-method.ts'

/**
 * As `dare_linear`, and then of the weighted, masked δᵢ only those that have the sign of their sum (TIES's election;
 * Yu et al. 2024, arXiv:2311.03099, and Yadav et al. 2023). Not divided by the weights unless with `normalize`.
 * Equal models give the same model at density 1 and weights of sum 1.
 */
export const dareTies = mergeMethod({ name: 'dare_ties', ...dareParameters, merge: input => dare(input, true) })
