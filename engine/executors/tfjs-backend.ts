import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { EngineError } from '../errors.ts'
import { type Backend, nativeProduct, type Tf, wasmProduct } from './tfjs-kernels.ts'

/** wasm is installed with us; the native packages are used where the user has installed them. */
export type TfjsPackage = 'wasm' | 'tfjs-node' | 'tfjs-node-gpu'

export interface OpenBackend {
  readonly backend: Backend
  readonly version: string
  readonly threads: number
}

async function openWasm(): Promise<OpenBackend> {
  const tf = await import('@tensorflow/tfjs-core')
  await import('@tensorflow/tfjs-backend-wasm')
  if (!(await tf.setBackend('wasm')))
    throw new EngineError('UNAVAILABLE', 'This machine does not run TensorFlow.js on wasm.')
  return { backend: { tf, product: wasmProduct }, version: tf.version_core, threads: 1 }
}

async function openNative(name: string): Promise<OpenBackend> {
  // tfjs-node 4.22 still calls what Node 23 removed.
  const util = createRequire(import.meta.url)('node:util')
  util.isNullOrUndefined ??= (x: unknown) => x === null || x === undefined

  const tf: Tf = await import(`@tensorflow/${name}`).catch(cause => {
    throw new EngineError('UNAVAILABLE', `@tensorflow/${name} is not installed or does not load; npm install it.`, {
      cause,
    })
  })
  await tf.setBackend('tensorflow')
  return { backend: { tf, product: nativeProduct }, version: tf.version_core, threads: availableParallelism() }
}

export const openBackend = (name: TfjsPackage): Promise<OpenBackend> =>
  name === 'wasm' ? openWasm() : openNative(name)
