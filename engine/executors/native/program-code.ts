import { type ElementData, type Graph, type Node, topologicalOrder } from '../../graph/graph.ts'
import { type Lowered, lowerings } from '../../graph/lowerings.ts'
import { sizeOf } from '../../graph/shapes.ts'
import { simplify } from '../../graph/simplify.ts'
import { type Lifetime, layOut } from './arena.ts'
import type { KernelCall } from './kernel-text.ts'
import { loopCode } from './loop-code.ts'
import { nativeRewrites } from './lowering.ts'
import { operationCode } from './operation-code.ts'
import { place } from './placement.ts'
import { unitsOf } from './units.ts'
import type { Buffer, View } from './views.ts'

export interface ProgramOptions {
  /** Threads that share a run which is not made of parts. */
  readonly threads: number
  /** Where given, outputs are sums over parts, and each part takes its own share of these inputs. */
  readonly split?: readonly string[]
}

/** A graph in C, for compileNative. */
export interface ProgramCode {
  readonly source: string
  /** What a run is fed behind the graph's inputs. */
  readonly constants: readonly ElementData[]
}

/** Left whole until this executor takes them apart in its own way. */
const LOWERED = Object.keys(lowerings) as Lowered[]

export function programCode(given: Graph, { threads, split }: ProgramOptions): ProgramCode {
  const { outputs } = simplify(simplify(given, LOWERED), LOWERED, nativeRewrites)
  const results = Object.values(outputs)
  const inputs = Object.values(given.inputs)
  const order = topologicalOrder(results)
  const placement = place(order, results, inputs, split !== undefined)
  const { units, isInline } = unitsOf(placement)

  const read = new Set([...units].flatMap(unit => [...unit.reads].flatMap(node => placement.writersOf(node))))
  const isStored = (node: Node) => read.has(node) || placement.targetOf(node).view.buffer.kind === 'output'
  const calls = units.flatMap(unit => {
    const [node] = unit.nodes
    if (!unit.loop) return [operationCode(node, placement, threads)]
    return [...unit.nodes].some(isStored) ? [loopCode(unit, placement, isStored, isInline)] : []
  })

  const { offsets, length } = layOut(lifetimesOf(calls))
  const placeOf = ({ buffer, offset }: View): string => {
    switch (buffer.kind) {
      case 'input':
        return `(float *)lane->inputs[${buffer.index}] + ${offset}`
      case 'constant':
        return `(float *)lane->inputs[${inputs.length + buffer.index}] + ${offset}`
      case 'output':
        return `lane->outputs[${buffer.index}] + ${offset}`
      default:
        return `lane->arena + ${offsets.get(buffer)! + offset}`
    }
  }

  const kernels = new Map<string, string>()
  const lines = calls.map(call => {
    if (!kernels.has(call.body)) kernels.set(call.body, `kernel${kernels.size}`)
    const starts = call.arguments.map(({ view }) => placeOf(view)).join(', ')
    return `  call(lane, ${kernels.get(call.body)}, ${call.count}, ${call.grain}, (float *const[]){${starts}});`
  })
  const functions = [...kernels].map(([body, name]) => kernelText(name, body))

  const constants = placement.constants.map(node => (node.attributes as { data: ElementData }).data)
  const sizes = [...inputs, ...placement.constants].map(({ shape }) => sizeOf(shape))
  const splits = [
    ...Object.keys(given.inputs).map(name => Number(split?.includes(name) ?? false)),
    ...constants.map(() => 0),
  ]
  const source = `${functions.join('\n')}
static void run(struct lane *lane) {
${lines.join('\n')}
}

static const struct program program = {
  .inputs = ${sizes.length},
  .outputs = ${results.length},
  .input_sizes = (const long[]){${sizes.join(', ') || 0}},
  .split = (const unsigned char[]){${splits.join(', ') || 0}},
  .output_sizes = (const long[]){${results.map(({ shape }) => sizeOf(shape)).join(', ')}},
  .arena = ${length},
  .sums = ${Number(split !== undefined)},
  .run = run,
};
`
  return { source, constants }
}

function kernelText(name: string, body: string): string {
  const count = Math.max(-1, ...[...body.matchAll(/\bx(\d+)\b/g)].map(([, index]) => Number(index))) + 1
  const given = Array.from({ length: count }, (_, i) => `  float *const x${i} = lane->arguments[${i}];`)
  return `static void ${name}(struct lane *lane, long from, long to) {\n${[...given, body].join('\n')}\n}\n`
}

function lifetimesOf(calls: readonly KernelCall[]): Lifetime[] {
  const found = new Map<Buffer, { first: number; last: number }>()
  for (const [index, call] of calls.entries())
    for (const { view } of call.arguments) {
      if (view.buffer.kind !== 'scratch') continue
      const known = found.get(view.buffer)
      if (known) known.last = index
      else found.set(view.buffer, { first: index, last: index })
    }
  return [...found].map(([buffer, { first, last }]) => ({ buffer, first, last }))
}
