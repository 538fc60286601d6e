import type { Node, NodeOf } from '../../graph/graph.ts'
import { sizeOf } from '../../graph/shapes.ts'
import type { Argument, KernelCall } from './kernel-text.ts'
import type { Placement } from './placement.ts'
import { broadcastStrides, reshapedStrides, type View } from './views.ts'

/** Rows of a product of which a thread takes a multiple: as many as fill registers (see multiply.h). */
const ROWS = 8

/** Writes an operation that is no loop over rows. `threads` share it where they can. */
export function operationCode(node: Node, placement: Placement, threads: number): KernelCall {
  const { view, accumulates } = placement.targetOf(node)
  const inputs = node.inputs.map(source => placement.viewOf(source))
  const read = inputs.map((source): Argument => ({ view: source, isWritten: false }))
  const given = [...read, { view, isWritten: true }]
  switch (node.operation) {
    case 'matmul':
      return { ...productCode(node, inputs, view, accumulates, threads), arguments: given }
    case 'gather':
      return { ...gatherCode(inputs, view, accumulates), arguments: given }
    case 'scatterAdd':
      return { ...scatterCode(inputs, view, accumulates), arguments: given }
    default:
      throw new Error(`${node.operation} has no code`)
  }
}

type Code = Omit<KernelCall, 'arguments'>

function productCode(
  { attributes: { transposeA, transposeB } }: NodeOf<'matmul'>,
  [a, b]: readonly View[],
  c: View,
  accumulates: boolean,
  threads: number,
): Code {
  const batch = c.shape.slice(0, -2)
  const depth = a.shape.at(transposeA ? -2 : -1)!
  const columns = c.shape.at(-1)!
  const folded = transposeA ? undefined : foldedRows(a, b, c, depth)
  const rows = folded?.rows ?? c.shape.at(-2)!
  const [aStrides, cStrides] = folded ? [folded.a, folded.c] : [a.strides.slice(-2), c.strides.slice(-2)]
  const bStrides = b.strides.slice(-2)
  const [aRow, aColumn] = transposeA ? aStrides.toReversed() : aStrides
  const [bRow, bColumn] = transposeB ? bStrides.toReversed() : bStrides
  const call = (a: string, b: string, c: string, count: string) =>
    `multiply(${a}, ${aRow}, ${aColumn}, ${b}, ${bRow}, ${bColumn}, ${c}, ${cStrides[0]}, ${count}, ${columns}, ${depth}, ${Number(accumulates)});`

  const count = sizeOf(batch)
  if (folded || count === 1) {
    const grain = Math.ceil(rows / threads / ROWS) * ROWS
    const line = call(`x0 + from * ${aRow}`, 'x1', `x2 + from * ${cStrides[0]}`, 'to - from')
    return { body: `  if (from < to) ${line}`, count: rows, grain }
  }
  const starts = [a, b, c].map((view, i) => {
    const strides = broadcastStrides({ shape: view.shape.slice(0, -2), strides: view.strides.slice(0, -2) }, batch)
    const steps = strides.flatMap((step, axis) => {
      const behind = sizeOf(batch.slice(axis + 1))
      return step === 0 || batch[axis] === 1 ? [] : [` + i / ${behind} % ${batch[axis]} * ${step}`]
    })
    return `x${i}${steps.join('')}`
  })
  const [x, y, z] = starts
  return { body: `  for (long i = from; i < to; i++) ${call(x, y, z, String(rows))}`, count, grain: 1 }
}

/** One tall product instead of one for each of a batch, where the second matrix is the same for all. */
function foldedRows(a: View, b: View, c: View, depth: number) {
  if (c.shape.length === 2 || sizeOf(b.shape.slice(0, -2)) !== 1) return undefined
  const rows = sizeOf(c.shape.slice(0, -1))
  if (sizeOf(a.shape) !== rows * depth) return undefined
  const [left, result] = [
    reshapedStrides(a.shape, a.strides, [rows, depth]),
    reshapedStrides(c.shape, c.strides, [rows, c.shape.at(-1)!]),
  ]
  return left && result && { rows, a: left, c: result }
}

/** Where the element i stands, counted in the order of the axes. */
function placeOf({ shape, strides }: Pick<View, 'shape' | 'strides'>): string {
  const folded = reshapedStrides(shape, strides, [sizeOf(shape)])
  if (folded) return `i * ${folded[0]}`
  return shape.map((size, axis) => `i / ${sizeOf(shape.slice(axis + 1))} % ${size} * ${strides[axis]}`).join(' + ')
}

/** Where the row i begins, whatever the axes before, and the step from one of its numbers to the next. */
const rowsOf = ({ shape, strides }: View) => ({
  start: placeOf({ shape: shape.slice(0, -1), strides: strides.slice(0, -1) }),
  column: strides.at(-1)!,
})

function gatherCode([table, indices]: readonly View[], target: View, accumulates: boolean): Code {
  const [height, width] = table.shape
  const to = rowsOf(target)
  const body = `  for (long i = from; i < to; i++) {
    const long row = bounded(integer(x1[${placeOf(indices)}]), ${height});
    for (long j = 0; j < ${width}; j++) x2[${to.start} + j * ${to.column}] ${accumulates ? '+=' : '='} x0[row * ${table.strides[0]} + j * ${table.strides[1]}];
  }`
  return { body, count: sizeOf(indices.shape), grain: 64 }
}

/** On one thread: two may not add to one row. */
function scatterCode([indices, updates]: readonly View[], target: View, accumulates: boolean): Code {
  const [height, width] = target.shape
  const from = rowsOf(updates)
  const [row, step] = target.strides
  const clear = `for (long i = 0; i < ${height}; i++) for (long j = 0; j < ${width}; j++) x2[i * ${row} + j * ${step}] = 0;`
  const body = `  if (from == to) return;
  ${accumulates ? '' : clear}
  for (long i = 0; i < ${sizeOf(indices.shape)}; i++) {
    const long row = bounded(integer(x0[${placeOf(indices)}]), ${height});
    for (long j = 0; j < ${width}; j++) x2[row * ${row} + j * ${step}] += x1[${from.start} + j * ${from.column}];
  }`
  return { body, count: 1, grain: 1 }
}
