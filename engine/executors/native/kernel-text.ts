import type { ElementType } from '../../graph/graph.ts'
import { type Shape, sizeOf } from '../../graph/shapes.ts'
import { cType } from './elementwise.ts'
import type { View } from './views.ts'

/** A kernel in C and what it is called with. */
export interface KernelCall {
  /** The function's body; it sees `from`, `to` and its arguments as `x0`, `x1`, … */
  readonly body: string
  /** Where the arguments begin, and which of them are written. */
  readonly arguments: readonly Argument[]
  /** What `from` and `to` count, and how many of it a thread takes at least. */
  readonly count: number
  readonly grain: number
}

export interface Argument {
  readonly view: View
  readonly isWritten: boolean
}

/** An access to memory, by its argument and its step along each axis of the domain. */
export interface Access {
  readonly argument: number
  readonly strides: readonly number[]
}

/** The statements of a loop over rows. In them, `@3@` is where the row begins for access 3, and j the column. */
export interface LoopText {
  readonly domain: Shape
  /** Before each pass over the columns, and in it. The last head may have no pass. */
  readonly heads: readonly (readonly string[])[]
  readonly bodies: readonly (readonly string[])[]
  /** Clauses of the passes. */
  readonly reductions: readonly (readonly string[])[]
  /** Rows that are kept from one pass to the next. */
  readonly scratch: ReadonlyMap<string, ElementType>
  readonly accesses: readonly Access[]
  readonly arguments: readonly Argument[]
}

/** Elements that a thread takes at least of a loop without rows, and of one with rows. */
const ELEMENTS = 2 ** 12

/** The C of a loop: axes that lie one behind the other in every access become one. */
export function assemble(text: LoopText): KernelCall {
  const { domain, heads, bodies, reductions, accesses } = text
  const body = (pass: number) => indent(bodies[pass].map(named))
  const isFlat =
    heads.length === 1 &&
    reductions[0].length === 0 &&
    // What is written once a row would be so by each of the threads that share it.
    !heads[0].some(line => line.startsWith('@')) &&
    !bodies[0].some(line => line.includes('j =='))
  const merged = mergedAxes(domain, accesses, isFlat)
  const width = merged.sizes.at(-1)!
  const outer = merged.sizes.slice(0, -1)

  const begins = merged.strides.map((strides, i) => {
    const { argument } = accesses[i]
    const steps = strides.slice(0, -1).flatMap((step, axis) => (step === 0 ? [] : [` + i${axis} * ${step}`]))
    const { isWritten } = text.arguments[argument]
    return `${isWritten ? '' : 'const '}float *restrict a${i} = x${argument}${steps.join('')};`
  })
  const passes = (from: string, to: string) =>
    heads.flatMap((head, pass) => [
      ...head.map(named),
      ...(bodies[pass].length === 0
        ? []
        : [
            `#pragma omp simd ${reductions[pass].join(' ')}`.trim(),
            `for (long j = ${from}; j < ${to}; j++) {`,
            ...body(pass),
            '}',
          ]),
    ])
  const kept = [...text.scratch].map(([name, type]) => `${cType(type)} ${name}[${width}] __attribute__((aligned(64)));`)
  const finish = (lines: readonly string[], count: number, grain: number): KernelCall => ({
    body: indent(lines).join('\n'),
    arguments: text.arguments,
    count,
    grain,
  })

  if (outer.length === 0 && isFlat) return finish([...begins, ...passes('from', 'to')], width, ELEMENTS)
  const row = [...begins, ...passes('0', String(width))]
  if (outer.length === 0) return finish([...kept, 'if (from == to) return;', ...row], 1, 1)

  // The innermost rows are counted by themselves, so that where they begin takes no division.
  const inner = outer.length - 1
  const loops = outer.length === 1 ? [`for (long i0 = from; i0 < to; i0++) {`, ...indent(row), '}'] : nested(outer, row)
  const count = outer.length === 1 ? outer[0] : sizeOf(outer.slice(0, inner))
  const rowSize = (outer.length === 1 ? 1 : outer[inner]) * width
  return finish([...kept, ...loops], count, Math.max(1, Math.ceil(ELEMENTS / rowSize)))
}

function nested(outer: Shape, row: readonly string[]): string[] {
  const inner = outer.length - 1
  const indices = outer.slice(0, inner).map((size, axis) => {
    const behind = sizeOf(outer.slice(axis + 1, inner))
    return `const long i${axis} = i / ${behind} % ${size};`
  })
  return [
    'for (long i = from; i < to; i++) {',
    ...indent(indices),
    `  for (long i${inner} = 0; i${inner} < ${outer[inner]}; i${inner}++) {`,
    ...indent(indent(row)),
    '  }',
    '}',
  ]
}

/** Without axes of size 1, and with one axis for each run that no access tells apart. */
function mergedAxes(domain: Shape, accesses: readonly Access[], withColumns: boolean) {
  const sizes = [domain.at(-1)!]
  const strides = accesses.map(access => [access.strides.at(-1)!])
  for (let axis = domain.length - 2; axis >= 0; axis--) {
    if (domain[axis] === 1) continue
    const steps = accesses.map(access => access.strides[axis])
    const isBehind = steps.every((step, i) => step === strides[i][0] * sizes[0])
    if (isBehind && (sizes.length > 1 || withColumns)) sizes[0] *= domain[axis]
    else {
      sizes.unshift(domain[axis])
      for (const [i, step] of steps.entries()) strides[i].unshift(step)
    }
  }
  return { sizes, strides }
}

const named = (line: string) => line.replace(/@(\d+)@/g, 'a$1')
const indent = (lines: readonly string[]) => lines.map(line => (line.startsWith('#') ? line : `  ${line}`))
