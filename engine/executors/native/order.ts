/** All of them, each after those that it needs; otherwise as they are given. */
export function dependenciesFirst<T>(all: Iterable<T>, needs: (item: T) => Iterable<T>): T[] {
  const done = new Set<T>()
  const result: T[] = []
  const visit = (item: T) => {
    if (done.has(item)) return
    done.add(item)
    for (const needed of needs(item)) visit(needed)
    result.push(item)
  }
  for (const item of all) visit(item)
  return result
}
