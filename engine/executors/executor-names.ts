/** Every executor there is, the usual fastest first; whether one works here is for a probe to find out. */
export const executorNames = ['native', 'onnx', 'tfjs-node-gpu', 'tfjs-node', 'tfjs-wasm', 'reference'] as const
export type ExecutorName = (typeof executorNames)[number]
