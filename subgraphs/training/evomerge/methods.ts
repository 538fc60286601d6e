import { EngineError } from '../../../engine/errors.ts'
import { mergeMethodNamed } from '../../../engine/merging/methods.ts'
import { type SearchSpace, searchSpace } from '../../../engine/merging/search-space.ts'
import { domainErrorOf } from '../recipes/errors.ts'
import type { EvoMergeConfig } from './config.ts'
import { needsBase, notSearchable, unknownBound, wrongCount } from './errors.ts'

/** Throws INVALID_INPUT naming the method that these parents do not suit, or the bound that nothing searches. */
export function checkMethods(config: EvoMergeConfig): void {
  const { methods, parents, base, bounds } = config
  const known = new Set<string>()
  for (const name of methods) {
    try {
      const method = mergeMethodNamed(name)
      const [from, to] = method.models
      if (name === 'passthrough') throw notSearchable(name)
      if (method.base === 'task' && !base) throw needsBase(name)
      if (parents.length < from || parents.length > to) {
        throw wrongCount(name, from === to ? `exactly ${from}` : `at least ${from}`, parents.length)
      }
      for (const parameter of Object.keys({ ...method.shared, ...method.each })) known.add(parameter)
      spaceOf(config, name)
    } catch (error) {
      throw error instanceof EngineError ? domainErrorOf(error) : error
    }
  }
  const unknown = Object.keys(bounds).find(name => !known.has(name))
  if (unknown) throw unknownBound(unknown, methods)
}

export const spaceOf = ({ parents, model, groups, bounds }: EvoMergeConfig, method: string): SearchSpace =>
  searchSpace({ method: mergeMethodNamed(method), models: parents.length, layers: model.layers, groups, bounds })

/** Where more than the loss counts, layers may be left out, whatever the method. */
export const searchesLayers = ({ objectives = ['LOSS'] }: EvoMergeConfig): boolean => objectives.length > 1

/** A method without anything to search is tried once. */
const generationsOf = (config: EvoMergeConfig, method: string): number =>
  spaceOf(config, method).start.length === 0 && !searchesLayers(config) ? 1 : config.generations

/** Which method a step, from 0, is a generation of, and which. */
export function turnOf(config: EvoMergeConfig, step: number): { readonly method: string; readonly generation: number } {
  let before = 0
  for (const method of config.methods) {
    const generations = generationsOf(config, method)
    if (step < before + generations) return { method, generation: step - before }
    before += generations
  }
  throw new Error(`The search has ${before} generations, and not ${step + 1}.`)
}

export const totalSteps = (config: EvoMergeConfig): number =>
  config.methods.reduce((sum, method) => sum + generationsOf(config, method), 0)
