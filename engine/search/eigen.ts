export interface Eigen {
  readonly values: readonly number[]
  /** Column j, `vectors[i][j]`, belongs to value j; columns are orthonormal. */
  readonly vectors: readonly (readonly number[])[]
}

/** Sweeps; a handful is the rule. */
const mostSweeps = 60

/** Eigenvalues and vectors of a symmetric matrix by cyclic Jacobi rotations (Golub & Van Loan, §8.5). */
export function symmetricEigen(matrix: readonly (readonly number[])[]): Eigen {
  const size = matrix.length
  const a = matrix.map(row => [...row])
  const vectors = a.map((_, row) => a.map((_, column) => (row === column ? 1 : 0)))
  for (let sweep = 0; sweep < mostSweeps && !isDiagonal(a); sweep++) {
    for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) rotate(a, vectors, p, q)
  }
  return { values: a.map((row, index) => row[index]!), vectors }
}

function isDiagonal(a: readonly (readonly number[])[]): boolean {
  let [off, on] = [0, 0]
  for (const [i, row] of a.entries()) {
    for (const [j, value] of row.entries()) {
      if (i === j) on += value ** 2
      else off += value ** 2
    }
  }
  return off <= 1e-30 * on
}

/** Makes a[p][q] zero, and turns the vectors along. In place. */
function rotate(a: number[][], vectors: number[][], p: number, q: number): void {
  if (a[p]![q] === 0) return
  const slope = (a[q]![q]! - a[p]![p]!) / (2 * a[p]![q]!)
  const tangent = (slope >= 0 ? 1 : -1) / (Math.abs(slope) + Math.sqrt(slope * slope + 1))
  const cosine = 1 / Math.sqrt(tangent * tangent + 1)
  const sine = tangent * cosine
  const turn = (rows: number[][]) => {
    for (const row of rows) {
      const [x, y] = [row[p]!, row[q]!]
      row[p] = cosine * x - sine * y
      row[q] = sine * x + cosine * y
    }
  }
  turn(a)
  for (let k = 0; k < a.length; k++) {
    const [x, y] = [a[p]![k]!, a[q]![k]!]
    a[p]![k] = cosine * x - sine * y
    a[q]![k] = sine * x + cosine * y
  }
  turn(vectors)
}
