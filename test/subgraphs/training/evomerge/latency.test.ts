import { expect, it } from 'vitest'
import { openExecutor } from '../../../../engine/executors/probe.ts'
import { initialParameters } from '../../../../engine/models/llama-parameters.ts'
import { measureLatency } from '../../../../subgraphs/training/evomerge/latency.ts'
import { config } from './family.ts'

it('takes longer for a deeper model, also where the context is shorter than what is measured', async () => {
  const executor = await openExecutor('onnx', { threads: 1 })
  const measured = async (layers: number) => {
    const model = { ...config, layers, width: 64, feedForward: 192, contextLength: 8 }
    return measureLatency(executor, model, initialParameters(model, 1))
  }
  const [shallow, deep] = [await measured(1), await measured(16)]
  expect(shallow).toBeGreaterThan(0)
  // Sixteen times the layers: noise is far below the factor of two.
  expect(deep).toBeGreaterThan(2 * shallow)
}, 60_000)
