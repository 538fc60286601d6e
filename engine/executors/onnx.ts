import type { InferenceSession, Tensor } from 'onnxruntime-node'
import { EngineError } from '../errors.ts'
import type { ElementData, ElementType, Graph } from '../graph/graph.ts'
import type { Executor, Program, Value } from './executor.ts'
import { checkData, checkFeeds } from './feeds.ts'
import { encodeOnnx } from './onnx-model.ts'

type Runtime = typeof import('onnxruntime-node')

interface OnnxValue extends Value {
  readonly onnxTensor: Tensor
}

function onnxValue(tensor: Tensor): OnnxValue {
  return {
    onnxTensor: tensor,
    shape: tensor.dims,
    type: tensor.type as ElementType,
    data: () => tensor.data as ElementData,
    [Symbol.dispose]() {},
  }
}

/** ONNX Runtime in this process: a whole graph is one session, and one run of it blocks the thread. */
export async function onnxExecutor({ threads = 1 } = {}): Promise<Executor> {
  const runtime = await import('onnxruntime-node').catch(cause => {
    throw new EngineError('UNAVAILABLE', 'onnxruntime-node does not load on this machine.', { cause })
  })
  const value = (data: ElementData, shape: readonly number[]): OnnxValue => {
    checkData(data, shape)
    const type = data instanceof Int32Array ? 'int32' : 'float32'
    return onnxValue(new runtime.Tensor(type, data as Float32Array, shape))
  }
  return {
    name: 'onnx',
    version: runtime.env.versions.node ?? runtime.env.versions.common,
    threads,
    value,
    compile: graph => onnxProgram(runtime, graph, threads, value),
  }
}

async function onnxProgram(
  runtime: Runtime,
  graph: Graph,
  threads: number,
  value: Executor['value'],
): Promise<Program> {
  const model = encodeOnnx(graph, { singleThread: threads === 1 })
  const options: InferenceSession.SessionOptions = {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    // One block planned for all values of a run is a third larger than what they need one after the other, and no faster.
    enableMemPattern: false,
    // Threads that spin until the next operator take the cores from every other job: on busy cores a step of two
    // threads took twice as long. Within 20 µs the next one mostly comes, which is quicker than to wake a thread up
    // for it, and costs the others nothing that could be measured.
    // Masked attention weights underflow, and arithmetic on denormal numbers takes a hundred times as long. The first
    // session of a process decides, and for all of its main thread: JavaScript's numbers below 2.2e-308 become 0 too.
    extra: {
      // It would put our transposed copies (see `tallProduct`) back into the products.
      optimization: { disable_specified_optimizers: 'MatmulTransposeFusion' },
      session: { set_denormal_as_zero: '1', intra_op: { allow_spinning: '1', spin_duration_us: '20' } },
    },
  }
  const session = await runtime.InferenceSession.create(model, options)
  const tensorOf = (fed: Value) => ('onnxTensor' in fed ? fed : value(fed.data(), fed.shape)) as OnnxValue

  return {
    async run(feeds) {
      checkFeeds(graph, feeds)
      const fed = Object.entries(feeds).map(([name, given]) => [name, tensorOf(given).onnxTensor] as const)
      const found = await session.run(Object.fromEntries(fed))
      return Object.fromEntries(Object.entries(found).map(([name, tensor]) => [name, onnxValue(tensor as Tensor)]))
    },
    async [Symbol.asyncDispose]() {
      await session.release()
    },
  }
}
