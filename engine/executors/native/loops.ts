import type { Node } from '../../graph/graph.ts'
import { type Shape, sameShape, sizeOf } from '../../graph/shapes.ts'
import { isElementwise } from './elementwise.ts'
import type { Placement } from './placement.ts'
import { isGiven, isSight } from './targets.ts'
import { broadcastStrides, reshapedStrides, type View } from './views.ts'

/** Whether a value has a number for every element of a loop's domain, or one for each of its rows. */
export type Level = 'full' | 'row'

/**
 * One pass over the rows of a domain [.., width], in which several values are computed. Members are computed there, each after
 * those that it needs; what is not a member is loaded, or computed within the expression that needs it.
 */
export interface Loop {
  readonly domain: Shape
  readonly members: Map<Node, Level>
}

export type Expression =
  | { readonly kind: 'member'; readonly node: Node; readonly level: Level }
  | {
      readonly kind: 'load'
      readonly view: View
      readonly strides: readonly number[]
      readonly level: Level
      readonly node: Node
    }
  | { readonly kind: 'operation'; readonly node: Node; readonly inputs: readonly Expression[]; readonly level: Level }

/** Whether a node is computed as part of a loop over rows. */
export const isLooped = (node: Node): boolean => isElementwise(node) || isReduction(node) || node.operation === 'takeAt'
export const isReduction = ({ operation }: Node): boolean => operation === 'sum' || operation === 'max'

/** The domain of a node's own loop. */
export function domainOf(node: Node): Shape {
  if (isReduction(node) || node.operation === 'takeAt') return node.inputs[0].shape
  return node.shape.length === 0 ? [1] : node.shape
}

/** How a node is computed in a loop whose members are known; undefined where it can't be. */
export function expressionIn(loop: Loop, placement: Placement, isInline: (node: Node) => boolean) {
  const { domain, members } = loop
  const outer = domain.slice(0, -1)
  const rows = sizeOf(outer)
  const width = domain.at(-1)!

  function load(node: Node, level: Level): Expression | undefined {
    if (placement.writersOf(node).some(writer => members.has(writer))) return undefined
    const view = placement.viewOf(node)
    if (level === 'full') {
      const strides = broadcastStrides(view, domain)
      return { kind: 'load', node, view, strides, level: strides.at(-1) === 0 ? 'row' : 'full' }
    }
    if (sizeOf(view.shape) === 1) return { kind: 'load', node, view, strides: domain.map(() => 0), level }
    const strides = reshapedStrides(view.shape, view.strides, outer)
    return strides && { kind: 'load', node, view, strides: [...strides, 0], level }
  }

  /** Whether a node that is aligned with the domain has one number for each of its rows, in their order. */
  const isRow = ({ shape }: Node) => width > 1 && sizeOf(shape) === rows && sameShape(shape, [...outer, 1])

  function express(node: Node, asked: Level): Expression | undefined {
    const level = asked === 'full' && isRow(node) ? 'row' : asked
    const member = members.get(node)
    if (member) {
      const fits = member === 'row' ? level === 'row' : sameShape(domainOf(node), domain)
      return fits && (member === 'row' || level === 'full') ? { kind: 'member', node, level: member } : undefined
    }
    if (level === 'row' && sizeOf(node.shape) !== rows && sizeOf(node.shape) !== 1) return undefined
    if (isSight(node)) {
      const [source] = node.inputs
      const reaches = placement.writersOf(source).some(writer => members.has(writer))
      if (reaches && level === 'row' && node.operation === 'reshape') return express(source, 'row')
      if (reaches && level === 'full' && node.operation === 'broadcastTo') return express(source, 'full')
      return load(node, level)
    }
    if (isGiven(node) || !isInline(node)) return load(node, level)
    // What is repeated over rows has no number of its own for each, but one for every element.
    return operation(node, level) ?? (level === asked ? undefined : operation(node, asked))
  }

  function operation(node: Node, level: Level): Expression | undefined {
    // Its columns are those of the domain.
    if (node.operation === 'addAt' && !(level === 'full' && sameShape(node.shape, domain))) return undefined
    const levels: readonly Level[] = node.operation === 'addAt' ? ['full', 'row', 'row'] : node.inputs.map(() => level)
    const inputs = node.inputs.map((source, i) => express(source, levels[i]))
    if (inputs.some(input => !input)) return undefined
    const known = inputs as Expression[]
    const isFull = node.operation === 'addAt' || known.some(input => input.level === 'full')
    return { kind: 'operation', node, inputs: known, level: isFull ? 'full' : 'row' }
  }

  /** Of a node that is to become a member itself. */
  function root(node: Node): { readonly level: Level; readonly inputs: readonly Expression[] } | undefined {
    if (isReduction(node)) {
      const input = sameShape(node.inputs[0].shape, domain) ? express(node.inputs[0], 'full') : undefined
      return input && { level: 'row', inputs: [input] }
    }
    if (node.operation === 'takeAt') {
      const [x, index] = node.inputs
      const inputs = sameShape(x.shape, domain) ? [load(x, 'full'), express(index, 'row')] : []
      return inputs.length > 0 && inputs.every(input => input)
        ? { level: 'row', inputs: inputs as Expression[] }
        : undefined
    }
    const level = sameShape(domainOf(node), domain) ? 'full' : 'row'
    if (level === 'row' && (rows === 1 || sizeOf(node.shape) !== rows)) return undefined
    const { view } = placement.targetOf(node)
    if (level === 'row' && !reshapedStrides(view.shape, view.strides, outer)) return undefined
    const found = operation(node, level)
    return found?.kind === 'operation' ? { level, inputs: found.inputs } : undefined
  }

  return root
}
