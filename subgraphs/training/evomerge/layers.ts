import type { LlamaConfig } from '../../../engine/models/llama-config.ts'

/** All layers of the parents, in their order. */
export const allLayers = ({ layers }: LlamaConfig): readonly number[] =>
  Array.from({ length: layers }, (_, layer) => layer)

/**
 * The layers that a merge passes through, by a number from 0 to 1 for each: those from ½ on, or else the one that comes
 * nearest, for a model without layers is none.
 */
export function keptLayers(genes: readonly number[]): readonly number[] {
  const kept = [...genes.keys()].filter(layer => genes[layer]! >= 0.5)
  return kept.length > 0 ? kept : [genes.indexOf(Math.max(...genes))]
}

export const withLayers = (model: LlamaConfig, kept: readonly number[]): LlamaConfig => ({
  ...model,
  layers: kept.length,
})

/** The parents' tensor from which a tensor of the merge is made. */
export const sourceOf = (tensor: string, kept: readonly number[]): string =>
  tensor.replace(/\blayers\.(\d+)\./, (_, layer) => `layers.${kept[Number(layer)]}.`)
