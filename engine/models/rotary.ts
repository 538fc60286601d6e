/** cos and sin of the angles of `positions` × `headWidth / 2`, row-major. */
export interface RotaryTable {
  readonly cosines: Float32Array
  readonly sines: Float32Array
}

/**
 * Rotary position embedding (Su et al. 2021): at position p, pair i of a head turns by p·θ^(−2i/d). As in Hugging
 * Face's Llama, pair i is made of the elements i and i + d/2 ("rotate half"), not of neighbours as in the paper.
 */
export function rotaryTable(positions: number, headWidth: number, theta: number): RotaryTable {
  const half = headWidth / 2
  const cosines = new Float32Array(positions * half)
  const sines = new Float32Array(positions * half)
  for (let position = 0; position < positions; position++) {
    for (let pair = 0; pair < half; pair++) {
      const angle = position * theta ** (-pair / half)
      cosines[position * half + pair] = Math.cos(angle)
      sines[position * half + pair] = Math.sin(angle)
    }
  }
  return { cosines, sines }
}
