import type { Node } from '../../graph/graph.ts'
import { sameShape, sizeOf } from '../../graph/shapes.ts'
import { isElementwise } from './elementwise.ts'
import { domainOf, type Expression, expressionIn, isLooped, isReduction, type Loop } from './loops.ts'
import { dependenciesFirst } from './order.ts'
import type { Placement } from './placement.ts'
import { isGiven, isSight } from './targets.ts'

/** What runs as one: a loop, or a single operation (a product, a gather, a scatter). */
export interface Unit {
  readonly loop?: Loop
  /** Those that write to memory. */
  readonly nodes: Set<Node>
  readonly reads: Set<Node>
  readonly after: Set<Unit>
}

/** Operations that are done again at most, instead of reading their result. */
const MOST_PARTS = 4

/** A loop that keeps rows of more columns than this from one pass to the next, or so many numbers, would need too much stack. */
const WIDEST_KEPT = 2 ** 15
const MOST_KEPT = 2 ** 19

/**
 * Puts every computed node into a unit, fused as far as dependencies allow: a node joins a loop over the same rows that
 * computes what it needs, or reads what it reads. Units come in an order in which they can run.
 */
export function unitsOf(placement: Placement): { readonly units: Unit[]; readonly isInline: (node: Node) => boolean } {
  const { computed, targetOf, writersOf } = placement
  const readers = readersOf(placement)
  const isOwn = (node: Node) => targetOf(node).view.buffer.kind === 'scratch' && writersOf(node).length === 1
  const isInline = (node: Node) => {
    if (!isElementwise(node) || node.operation === 'addAt' || !isOwn(node)) return false
    const found = readers.get(node) ?? []
    return found.length === 1 && found[0].inputs.includes(node) && isLooped(found[0]) && !takesFrom(found[0], node)
  }
  const unitOf = new Map<Node, Unit>()
  const units: Unit[] = []

  const dependencies = (nodes: Iterable<Node>) =>
    new Set([...nodes].flatMap(node => writersOf(node).map(writer => unitOf.get(writer)!)))
  const allBefore = (direct: Iterable<Unit>) => {
    const found = new Set(direct)
    for (const unit of found) for (const before of unit.after) found.add(before)
    return found
  }

  /** What a node is made of, if that is as cheap to compute again, from one array, as the node is to write and read. */
  function cheapParts(node: Node): readonly Node[] {
    if (readers.get(node)?.some(reader => !isLooped(reader))) return []
    const arrays = new Set<Node>()
    const parts = new Set<Node>()
    const visit = (part: Node) => {
      if (sizeOf(part.shape) !== sizeOf(node.shape)) return
      if (!isElementwise(part) || part.operation === 'addAt') return arrays.add(part)
      part.inputs.forEach(visit)
      parts.add(part)
    }
    visit(node)
    return arrays.size <= 1 && parts.size <= MOST_PARTS ? [...parts] : []
  }
  /** Of what a node reads: the nodes to compute again instead. */
  const adoptable = (node: Node): readonly Node[] =>
    node.inputs.flatMap(source => {
      if (isInline(source)) return adoptable(source)
      return unitOf.has(source) ? cheapParts(source).filter(part => !isInline(part)) : []
    })

  /** Adds a node to a loop, if it can be computed there, maybe with what it reads. */
  function join(unit: Unit, node: Node, adopts = true): boolean {
    const { domain, members: before } = unit.loop!
    const loop = { domain, members: new Map(before) }
    const adopted = (adopts ? adoptable(node) : []).filter(part => sameShape(domainOf(part), domain))
    const reads = new Set<Node>()
    let isRelated = false
    const note = (expression: Expression) => {
      if (expression.kind === 'member' && before.has(expression.node)) isRelated = true
      if (expression.kind === 'operation') expression.inputs.forEach(note)
      if (expression.kind === 'load') {
        reads.add(expression.node)
        if (expression.level === 'full' && unit.reads.has(expression.node)) isRelated = true
      }
    }
    for (const member of new Set([...adopted, node].filter(member => !loop.members.has(member)))) {
      const found = expressionIn(loop, placement, isInline)(member)
      if (!found) return false
      found.inputs.forEach(note)
      loop.members.set(member, found.level)
    }
    const direct = dependencies(reads)
    const isEmpty = before.size === 0
    const width = domain.at(-1)!
    const rows = [...loop.members.values()].filter(level => level === 'full').length
    const isTooWide = width > WIDEST_KEPT || rows * width > MOST_KEPT
    const isWide = !isEmpty && isTooWide && [...loop.members.keys()].some(isReduction)
    if (isWide || !(isRelated || isEmpty) || allBefore(direct).has(unit)) return false
    for (const [member, level] of loop.members) before.set(member, level)
    unit.nodes.add(node)
    for (const read of reads) unit.reads.add(read)
    for (const found of direct) unit.after.add(found)
    unitOf.set(node, unit)
    return true
  }

  for (const node of computed) {
    if (isInline(node)) continue
    if (!isLooped(node)) {
      const unit: Unit = { nodes: new Set([node]), reads: new Set(node.inputs), after: dependencies(node.inputs) }
      units.push(unit)
      unitOf.set(node, unit)
      continue
    }
    const candidates = units.filter(({ loop }) => loop && mayJoin(loop, node)).reverse()
    if (candidates.some(unit => join(unit, node))) continue
    const unit: Unit = {
      loop: { domain: domainOf(node), members: new Map() },
      nodes: new Set(),
      reads: new Set(),
      after: new Set(),
    }
    units.push(unit)
    // Of a value that it computes again, a loop cannot read other elements than the one it is at.
    if (!join(unit, node) && !join(unit, node, false))
      throw new Error(`${node.operation} of [${node.shape}] fits no loop of its own`)
  }
  return { units: dependenciesFirst(units, ({ after }) => after), isInline }
}

const mayJoin = ({ domain }: Loop, node: Node) =>
  sameShape(domainOf(node), domain) || sizeOf(node.shape) === sizeOf(domain.slice(0, -1))

/** Whether a node reads single elements of another, which must then be in memory. */
const takesFrom = ({ operation, inputs }: Node, source: Node) => operation === 'takeAt' && inputs[0] === source

/** The computed nodes that read a computed one, also where they see it otherwise. */
function readersOf({ computed, writersOf }: Placement): Map<Node, Node[]> {
  const readers = new Map<Node, Node[]>()
  for (const node of computed)
    for (const source of node.inputs) {
      const writers = isSight(source) || isGiven(source) ? writersOf(source) : [source, ...writersOf(source)]
      for (const writer of new Set(writers)) readers.set(writer, [...(readers.get(writer) ?? []), node])
    }
  return readers
}
