import { constant, type Node } from '../graph/graph.ts'
import { add, matmul, multiply, reshape } from '../graph/operations.ts'

/** cos and sin of the angles of `positions` × `headWidth`, row-major. */
export interface RotaryTable {
  readonly cosines: Float32Array
  readonly sines: Float32Array
}

/**
 * Rotary position embedding (Su et al. 2021): at position p, pair i of a head turns by p·θ^(−2i/d). As in Hugging
 * Face's Llama, pair i is made of the elements i and i + d/2 ("rotate half"), not of neighbours as in the paper.
 */
export function rotaryTable(positions: number, headWidth: number, theta: number): RotaryTable {
  const cosines = new Float32Array(positions * headWidth)
  const sines = new Float32Array(positions * headWidth)
  const half = headWidth / 2
  for (let position = 0; position < positions; position++) {
    for (let pair = 0; pair < half; pair++) {
      const angle = position * theta ** (-pair / half)
      for (const element of [pair, pair + half]) {
        cosines[position * headWidth + element] = Math.cos(angle)
        sines[position * headWidth + element] = Math.sin(angle)
      }
    }
  }
  return { cosines, sines }
}

/**
 * Turns x [.., headWidth] by angles that broadcast to it: x·cos + (−x₂, x₁)·sin. Swapping and negating the halves is a
 * product with a constant of zeros and ±1, which is exact, and faster forward and backward than slicing and joining.
 */
export function rotate(x: Node, cosines: Node, sines: Node): Node {
  const width = x.shape.at(-1)!
  const turned = reshape(matmul(reshape(x, [-1, width]), quarterTurn(width)), x.shape)
  return add(multiply(x, cosines), multiply(turned, sines))
}

function quarterTurn(width: number): Node {
  const half = width / 2
  const values = new Float32Array(width * width)
  for (let element = 0; element < half; element++) {
    values[(element + half) * width + element] = -1
    values[element * width + element + half] = 1
  }
  return constant(values, [width, width])
}
