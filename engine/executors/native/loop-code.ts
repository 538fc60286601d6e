import { fillOf } from '../../graph/fills.ts'
import type { Node } from '../../graph/graph.ts'
import { cType, expressionOf } from './elementwise.ts'
import { type Access, type Argument, assemble, type KernelCall } from './kernel-text.ts'
import { type Expression, expressionIn, isReduction, type Level } from './loops.ts'
import type { Placement } from './placement.ts'
import type { Unit } from './units.ts'
import { reshapedStrides, type View } from './views.ts'

/** Writes a loop: for each row, passes over its columns, between which sums and maxima become known. */
export function loopCode(
  unit: Unit,
  placement: Placement,
  isStored: (node: Node) => boolean,
  isInline: (node: Node) => boolean,
): KernelCall {
  const { domain, members } = unit.loop!
  const given: Argument[] = []
  const accesses: Access[] = []

  function access(view: View, strides: readonly number[], isWritten: boolean): string {
    let argument = given.findIndex(
      known => known.view.buffer === view.buffer && known.view.offset === view.offset && known.isWritten === isWritten,
    )
    if (argument < 0) argument = given.push({ view, isWritten }) - 1
    const found = accesses.findIndex(
      known => known.argument === argument && known.strides.every((step, i) => step === strides[i]),
    )
    return `@${found < 0 ? accesses.push({ argument, strides }) - 1 : found}@`
  }

  // What the members are made of, and in which pass over the columns each becomes known.
  const parts = new Map<Node, { level: Level; inputs: readonly Expression[]; pass: number }>()
  const partial = { domain, members: new Map<Node, Level>() }
  const passOf = (expression: Expression): number => {
    if (expression.kind === 'load') return 0
    if (expression.kind === 'operation') return Math.max(0, ...expression.inputs.map(passOf))
    const { pass } = parts.get(expression.node)!
    return isReduction(expression.node) ? pass + 1 : pass
  }
  for (const [node, level] of members) {
    const { inputs } = expressionIn(partial, placement, isInline)(node)!
    parts.set(node, { level, inputs, pass: Math.max(0, ...inputs.map(passOf)) })
    partial.members.set(node, level)
  }

  const wanted = new Set<Node>()
  const need = (expression: Expression) => {
    if (expression.kind === 'operation') expression.inputs.forEach(need)
    if (expression.kind === 'member') needMember(expression.node)
  }
  function needMember(node: Node) {
    if (wanted.has(node)) return
    wanted.add(node)
    parts.get(node)!.inputs.forEach(need)
  }
  for (const node of unit.nodes) if (isStored(node)) needMember(node)

  // Members stand in the order of their dependencies.
  const needed = [...members.keys()].filter(node => wanted.has(node))
  const last = Math.max(0, ...needed.map(node => parts.get(node)!.pass + (isReduction(node) ? 1 : 0)))
  const heads: string[][] = Array.from({ length: last + 1 }, () => [])
  const bodies: string[][] = Array.from({ length: last + 1 }, () => [])
  const reductions: string[][] = Array.from({ length: last + 1 }, () => [])
  const scratch = new Map<string, Node['type']>()
  const rowNames = new Map<unknown, string>()
  const columnNames: Map<unknown, string>[] = bodies.map(() => new Map())
  let names = 0
  const fresh = () => `v${names++}`

  /** The name of a value in a pass. */
  function value(expression: Expression, pass: number): string {
    const { level, node } = expression
    const fixed = expression.kind === 'load' ? constantOf(node) : undefined
    if (fixed !== undefined) return fixed
    const known = level === 'row' ? rowNames : columnNames[pass]
    const key =
      expression.kind === 'load' ? `${expression.view.buffer.id}.${expression.view.offset}.${expression.strides}` : node
    const before = known.get(key)
    if (before) return before
    if (expression.kind === 'member') return memberValue(node, pass)
    const name = fresh()
    // A row's own value is worked out as early as can be: an earlier pass may ask for it later.
    const lines = level === 'row' ? heads[passOf(expression)] : bodies[pass]
    const text = expression.kind === 'load' ? loaded(expression) : computed(node, expression.inputs, pass)
    lines.push(`const ${cType(node.type)} ${name} = ${text};`)
    known.set(key, name)
    return name
  }

  function loaded({ view, strides, level, node }: Extract<Expression, { kind: 'load' }>): string {
    const at = access(view, strides, false)
    const text = level === 'row' ? `${at}[0]` : `${at}[j${strides.at(-1) === 1 ? '' : ` * ${strides.at(-1)}`}]`
    return node.type === 'int32' ? `integer(${text})` : text
  }

  function computed(node: Node, inputs: readonly Expression[], pass: number): string {
    if (node.operation === 'addAt') {
      const [x, index, added] = inputs.map(input => value(input, pass))
      return `${x} + (j == ${index} ? ${added} : 0)`
    }
    if (node.operation === 'takeAt') {
      const [x, index] = inputs as [Extract<Expression, { kind: 'load' }>, Expression]
      return `${access(x.view, x.strides, false)}[bounded(${value(index, pass)}, ${domain.at(-1)}) * ${x.strides.at(-1)}]`
    }
    return expressionOf(
      node,
      inputs.map(input => value(input, pass)),
    )
  }

  /** Of a full member that an earlier pass worked out: from the row where that left it. */
  function memberValue(node: Node, pass: number): string {
    const { level, pass: own, inputs } = parts.get(node)!
    if (level === 'row') throw new Error(`${node.operation} is not known yet`)
    const name = fresh()
    if (own === pass) {
      bodies[pass].push(`const ${cType(node.type)} ${name} = ${computed(node, inputs, pass)};`)
    } else {
      const kept = `t${node.id}`
      if (!scratch.has(kept)) bodies[own].push(`${kept}[j] = ${columnNames[own].get(node) ?? memberValue(node, own)};`)
      scratch.set(kept, node.type)
      bodies[pass].push(`const ${cType(node.type)} ${name} = ${kept}[j];`)
    }
    columnNames[pass].set(node, name)
    return name
  }
  for (const node of needed) {
    const { level, inputs, pass } = parts.get(node)!
    if (isReduction(node)) {
      const name = fresh()
      const x = value(inputs[0], pass)
      const isSum = node.operation === 'sum'
      heads[pass].push(`float ${name} = ${isSum ? '0' : '-INFINITY'};`)
      reductions[pass].push(`reduction(${isSum ? '+' : 'max'} : ${name})`)
      bodies[pass].push(isSum ? `${name} += ${x};` : `${name} = ${x} > ${name} ? ${x} : ${name};`)
      rowNames.set(node, name)
    } else if (level === 'row') {
      const name = fresh()
      heads[pass].push(`const ${cType(node.type)} ${name} = ${computed(node, inputs, pass)};`)
      rowNames.set(node, name)
    } else if (!columnNames[pass].has(node)) memberValue(node, pass)
    if (unit.nodes.has(node) && isStored(node)) store(node)
  }

  function store(node: Node) {
    const { level, pass } = parts.get(node)!
    const { view, accumulates } = placement.targetOf(node)
    const sign = accumulates ? '+=' : '='
    const cast = (text: string) => (node.type === 'int32' ? `as_float(${text})` : text)
    if (level === 'row') {
      const outer = domain.slice(0, -1)
      const strides = reshapedStrides(view.shape, view.strides, outer)
      if (!strides) throw new Error(`${node.operation} of [${node.shape}] is not written row by row`)
      const when = isReduction(node) ? pass + 1 : pass
      heads[when].push(`${access(view, [...strides, 0], true)}[0] ${sign} ${cast(rowNames.get(node)!)};`)
      return
    }
    const strides = view.shape.length === 0 ? [1] : view.strides
    const at = access(view, strides, true)
    const column = strides.at(-1) === 1 ? 'j' : `j * ${strides.at(-1)}`
    bodies[pass].push(`${at}[${column}] ${sign} ${cast(columnNames[pass].get(node)!)};`)
  }

  return assemble({ domain, heads, bodies, reductions, scratch, accesses, arguments: given })
}

/** A number that is known when the code is written. */
function constantOf(node: Node): string | undefined {
  const fill = fillOf(node)
  if (fill !== undefined) return literal(fill)
  return node.operation === 'constant' && node.type === 'int32' && node.attributes.data.length === 1
    ? String(node.attributes.data[0])
    : undefined
}

function literal(value: number): string {
  if (Number.isNaN(value)) return 'NAN'
  if (!Number.isFinite(value)) return value > 0 ? 'INFINITY' : '-INFINITY'
  const text = Object.is(value, -0) ? '-0' : String(Math.fround(value))
  return `(${/[.e]/.test(text) ? text : `${text}.0`}f)`
}
