import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EngineError } from '../../errors.ts'
import { type ElementData, type ElementType, type Graph, input, type Node, type Shape } from '../../graph/graph.ts'
import { sizeOf } from '../../graph/shapes.ts'
import type { Executor, Parts, Program, Value } from '../executor.ts'
import { checkData, checkFeeds } from '../feeds.ts'
import { type Compiler, compileNative, findCompiler } from './compiler.ts'
import { indexCheck } from './indices.ts'
import { programCode } from './program-code.ts'

/** This machine's own code: a graph becomes C, which its C compiler makes a program of. */
export async function nativeExecutor({ threads = 1 } = {}): Promise<Executor> {
  const compiler = await findCompiler()
  const spare = spareArrays()
  return {
    name: 'native',
    version: compiler.version,
    threads,
    value(data, shape) {
      checkData(data, shape)
      return valueOn(data, shape)
    },
    compile: graph => nativeProgram(graph, { compiler, threads }, spare),
    compileSum: (graph, parts) => nativeProgram(graph, { compiler, threads, parts }, spare),
  }
}

function valueOn(data: ElementData, shape: Shape, dispose = () => {}): Value {
  const type: ElementType = data instanceof Int32Array ? 'int32' : 'float32'
  return { shape, type, data: () => data, [Symbol.dispose]: dispose }
}

/** Arrays that were given back, by type and length: what a step makes, the next can be written to. */
function spareArrays() {
  const spare = new Map<string, ElementData[]>()
  const keyOf = (type: ElementType, length: number) => `${type} ${length}`
  return {
    take(type: ElementType, length: number): ElementData {
      const found = spare.get(keyOf(type, length))?.pop()
      return found ?? (type === 'int32' ? new Int32Array(length) : new Float32Array(length))
    },
    give(data: ElementData) {
      const key = keyOf(data instanceof Int32Array ? 'int32' : 'float32', data.length)
      spare.set(key, [...(spare.get(key) ?? []), data])
    },
  }
}

/**
 * Gives its array back when it is disposed. Made apart from the run: a function that is made within one holds all that the
 * run was fed, which holds what the run before was fed, and so on.
 */
function lentValue(data: ElementData, shape: Shape, spare: ReturnType<typeof spareArrays>): Value {
  let isGiven = false
  return valueOn(data, shape, () => {
    if (!isGiven) spare.give(data)
    isGiven = true
  })
}

interface NativeOptions {
  readonly compiler: Compiler
  readonly threads: number
  readonly parts?: Parts
}

/** The inputs as a run takes them. */
function repeated(inputs: Graph['inputs'], { inputs: split, count }: Parts): Graph['inputs'] {
  const longer = (node: Node) => input(split[0], [node.shape[0] * count, ...node.shape.slice(1)], node.type)
  return { ...inputs, ...Object.fromEntries(split.map(name => [name, longer(inputs[name])])) }
}

async function nativeProgram(
  graph: Graph,
  options: NativeOptions,
  spare: ReturnType<typeof spareArrays>,
): Promise<Program> {
  const { compiler, threads, parts } = options
  const wrong = parts && Object.entries(graph.outputs).find(([, { type }]) => type !== 'float32')
  if (wrong) throw new EngineError('INVALID_INPUT', `The output "${wrong[0]}" is int32; sums over parts are float32.`)
  const { source, constants } = programCode(graph, { threads, split: parts?.inputs })
  const headers = await Promise.all(
    ['functions.h', 'multiply.h'].map(name => readFile(join(import.meta.dirname, name), 'utf8')),
  )
  const module = await compileNative([...headers, source].join('\n'), { compiler })
  const fed = parts ? { ...graph, inputs: repeated(graph.inputs, parts) } : graph
  const names = Object.keys(graph.inputs)
  const checkIndices = indexCheck(graph)
  const outputs = Object.entries(graph.outputs)

  return {
    async run(feeds) {
      checkFeeds(fed, feeds)
      checkIndices(feeds)
      const given = [...names.map(name => feeds[name].data()), ...constants]
      const written = outputs.map(([, { type, shape }]) => spare.take(type, sizeOf(shape)))
      module.run(given, written, parts?.count ?? 1, threads)
      return Object.fromEntries(outputs.map(([name, { shape }], i) => [name, lentValue(written[i], shape, spare)]))
    },
    async [Symbol.asyncDispose]() {
      module.release()
    },
  }
}
