import type { Executor, Value } from '../../../engine/executors/executor.ts'
import { crossEntropy, gelu, scale } from '../../../engine/graph/composed.ts'
import { gradients } from '../../../engine/graph/gradients.ts'
import { graph, input } from '../../../engine/graph/graph.ts'
import { add, gather, matmul, reshape, rmsNorm, subtract } from '../../../engine/graph/operations.ts'
import { sizeOf } from '../../../engine/graph/shapes.ts'
import { seeded } from '../graph/cases.ts'

const [ROWS, SYMBOLS, WIDTH, HIDDEN] = [32, 7, 8, 16]

/** Learns to add two digits modulo 7 by plain gradient descent, the update a part of the graph. Gives its losses. */
export async function trainPerceptron(executor: Executor, steps: number): Promise<number[]> {
  const parameters = {
    embedding: input('embedding', [SYMBOLS, WIDTH]),
    norm: input('norm', [2 * WIDTH]),
    first: input('first', [2 * WIDTH, HIDDEN]),
    bias: input('bias', [HIDDEN]),
    second: input('second', [SYMBOLS, HIDDEN]),
  }
  const pairs = input('pairs', [ROWS, 2], 'int32')
  const sums = input('sums', [ROWS], 'int32')
  const embedded = reshape(gather(parameters.embedding, pairs), [ROWS, 2 * WIDTH])
  const hidden = gelu(add(matmul(rmsNorm(embedded, parameters.norm), parameters.first), parameters.bias))
  const loss = crossEntropy(matmul(hidden, parameters.second, { transposeB: true }), sums)

  const names = Object.keys(parameters) as (keyof typeof parameters)[]
  const slopes = gradients(
    loss,
    names.map(name => parameters[name]),
  )
  const updated = names.map((name, i) => [`${name}.next`, subtract(parameters[name], scale(slopes[i], 0.5))] as const)
  await using program = await executor.compile(graph({ loss, ...Object.fromEntries(updated) }))

  const random = seeded(1)
  const digits = Int32Array.from({ length: 2 * ROWS }, () => Math.floor(random() * SYMBOLS))
  const targets = Int32Array.from({ length: ROWS }, (_, row) => (digits[2 * row] + digits[2 * row + 1]) % SYMBOLS)
  const given = { pairs: executor.value(digits, [ROWS, 2]), sums: executor.value(targets, [ROWS]) }
  let state: Record<string, Value> = Object.fromEntries(
    names.map(name => {
      const { shape } = parameters[name]
      return [
        name,
        executor.value(
          Float32Array.from({ length: sizeOf(shape) }, () => random() - 0.5),
          shape,
        ),
      ]
    }),
  )

  const losses: number[] = []
  for (let step = 0; step < steps; step++) {
    const found = await program.run({ ...given, ...state })
    losses.push(found.loss.data()[0])
    for (const value of [...Object.values(state), found.loss]) value[Symbol.dispose]()
    state = Object.fromEntries(names.map(name => [name, found[`${name}.next`]]))
  }
  for (const value of [...Object.values(state), ...Object.values(given)]) value[Symbol.dispose]()
  return losses
}
