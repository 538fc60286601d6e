import { expect, it } from 'vitest'
import { type ReferenceValue, referenceExecutor } from '../../../engine/executors/reference.ts'
import { crossEntropy } from '../../../engine/graph/composed.ts'
import { gradients } from '../../../engine/graph/gradients.ts'
import { graph, input } from '../../../engine/graph/graph.ts'
import { logits } from '../../../engine/models/llama.ts'
import { parameterShapes } from '../../../engine/models/llama-parameters.ts'
import { seededRandom } from '../../../engine/random.ts'
import { livelyParameters, tinyConfig, tokensFrom } from '../tiny-decoder.ts'

it("the decoder's gradients agree with finite differences for every parameter", async () => {
  const shapes = Object.entries(parameterShapes(tinyConfig))
  const parameters = Object.fromEntries(shapes.map(([name, shape]) => [name, input(name, shape)]))
  const shape = [2, 5]
  const loss = crossEntropy(
    logits(tinyConfig, parameters, input('tokens', shape, 'int32')),
    input('targets', shape, 'int32'),
  )
  const wanted = gradients(loss, Object.values(parameters))

  const executor = referenceExecutor()
  const forward = await executor.compile(graph({ loss }))
  const backward = await executor.compile(
    graph(Object.fromEntries(shapes.map(([name], index) => [`gradient ${name}`, wanted[index]]))),
  )
  const weights = livelyParameters(tinyConfig, 8)
  const feeds: Record<string, ReferenceValue> = {
    ...Object.fromEntries(shapes.map(([name, shape]) => [name, executor.value(weights[name], shape)])),
    tokens: executor.value(tokensFrom(1, 10), shape),
    targets: executor.value(tokensFrom(2, 10), shape),
  }
  const found = await backward.run(feeds)

  const lossWith = async (name: string, index: number, change: number) => {
    const data = Float64Array.from(feeds[name].exact)
    data[index] += change
    const outputs = await forward.run({ ...feeds, [name]: executor.value(data, feeds[name].shape) })
    return outputs.loss.exact[0]
  }

  const random = seededRandom(4)
  for (const [name] of shapes) {
    const analytic = found[`gradient ${name}`].exact
    for (const index of [random.integer(analytic.length), random.integer(analytic.length)]) {
      const step = 1e-5
      const numeric = ((await lossWith(name, index, step)) - (await lossWith(name, index, -step))) / (2 * step)
      expect(Math.abs(analytic[index] - numeric), `${name}[${index}]`).toBeLessThan(1e-8 + 1e-6 * Math.abs(numeric))
    }
  }
})
