import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { EngineError } from '../errors.ts'
import { graph, input } from '../graph/graph.ts'
import { matmul } from '../graph/operations.ts'
import type { Executor } from './executor.ts'
import { type ExecutorName, executorNames } from './executor-names.ts'
import { nativeExecutor } from './native/native.ts'
import { onnxExecutor } from './onnx.ts'
import { referenceExecutor } from './reference.ts'
import { tfjsExecutor } from './tfjs.ts'

interface ExecutorOptions {
  /** Threads of one operation; an executor that has no such choice says in `threads` how many it takes. */
  readonly threads?: number
}

const openers = {
  native: nativeExecutor,
  onnx: onnxExecutor,
  'tfjs-node-gpu': () => tfjsExecutor({ package: 'tfjs-node-gpu' }),
  'tfjs-node': () => tfjsExecutor({ package: 'tfjs-node' }),
  'tfjs-wasm': () => tfjsExecutor({ package: 'wasm' }),
  reference: async () => referenceExecutor(),
} satisfies Record<ExecutorName, (options: ExecutorOptions) => Promise<Executor>>

const isExecutorName = (name: string): name is ExecutorName => Object.hasOwn(openers, name)

export interface WorkingProbe {
  readonly name: ExecutorName
  readonly works: true
  readonly version: string
  readonly gigaflops: number
}

/** What a trial in a process of its own found. */
export type Probe = WorkingProbe | { readonly name: ExecutorName; readonly works: false; readonly reason: string }

const PROBE_LIMIT_MS = 30_000
// Large enough to tell the executors apart, small enough that the reference's loops end.
const PROBE_WIDTH = 128
/** A busy machine interrupts most products: among those of so long, one is left alone. */
const PROBE_MS = 50
/** The first products of an executor are slow, but of one that takes so long for them, none would be fast. */
const WARM_UP_MS = 500

/** Opens an executor by name, or with `auto` the fastest here. */
export async function openExecutor(name: string, { threads = 1 }: ExecutorOptions = {}): Promise<Executor> {
  // The reference works everywhere.
  const chosen = name === 'auto' ? fastest(await probeExecutors())!.name : name
  if (!isExecutorName(chosen))
    throw new EngineError('INVALID_INPUT', `There is no executor "${name}"; choose auto, ${executorNames.join(', ')}.`)
  return openers[chosen]({ threads })
}

/** How many times as fast as one that comes before it in `executorNames` an executor must have been to be preferred. */
const CLEARLY_FASTER = 4

/**
 * The fastest of those that work. A busy machine measures badly, and every worker of the same kind should choose the same:
 * on two executors, a training has other losses.
 */
export function fastest(probes: readonly Probe[]): WorkingProbe | undefined {
  const working = probes.filter(probe => probe.works)
  return working.reduce<WorkingProbe | undefined>(
    (best, probe) => (best && probe.gigaflops < CLEARLY_FASTER * best.gigaflops ? best : probe),
    undefined,
  )
}

/** Tries executors, one after the other so that they do not slow each other. */
export async function probeExecutors(names: readonly ExecutorName[] = executorNames): Promise<Probe[]> {
  const probes: Probe[] = []
  for (const name of names) probes.push(await probeApart(name))
  return probes
}

/** In a child process: a native library that aborts takes its whole process with it. */
async function probeApart(name: ExecutorName): Promise<Probe> {
  const child = fork(fileURLToPath(import.meta.url), [name], { execArgv: [], stdio: 'ignore', timeout: PROBE_LIMIT_MS })
  let answer: Probe | undefined
  child.on('message', message => {
    answer = message as Probe
  })
  const [code, signal] = await once(child, 'close')
  return answer ?? { name, works: false, reason: `Its process ended with ${signal ?? `code ${code}`}.` }
}

async function probeHere(name: ExecutorName): Promise<Probe> {
  const executor = await openers[name]({ threads: 1 })
  const square = [PROBE_WIDTH, PROBE_WIDTH]
  const ones = executor.value(new Float32Array(PROBE_WIDTH ** 2).fill(1), square)
  const program = await executor.compile(graph({ product: matmul(input('x', square), input('y', square)) }))
  let seconds = Infinity
  const began = performance.now()
  const isGoingOn = (run: number) => performance.now() < began + (run < 3 ? WARM_UP_MS : PROBE_MS)
  for (let run = 0; isGoingOn(run); run++) {
    const started = performance.now()
    const { product } = await program.run({ x: ones, y: ones })
    seconds = Math.min(seconds, (performance.now() - started) / 1000)
    if (product.data().some(sum => sum !== PROBE_WIDTH)) return { name, works: false, reason: 'It multiplies wrongly.' }
  }
  return { name, works: true, version: executor.version, gigaflops: (2 * PROBE_WIDTH ** 3) / seconds / 1e9 }
}

if (import.meta.main) {
  const [name] = process.argv.slice(2)
  if (process.send && isExecutorName(name)) {
    const probe = await probeHere(name).catch(({ message }: Error): Probe => ({ name, works: false, reason: message }))
    process.send(probe, () => process.disconnect())
  }
}
