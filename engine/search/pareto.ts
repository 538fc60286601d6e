/** Objectives are minimised. */
export type Objectives = readonly number[]

/** a is nowhere worse than b, and somewhere better. */
export function dominates(a: Objectives, b: Objectives): boolean {
  return a.every((value, axis) => value <= b[axis]!) && a.some((value, axis) => value < b[axis]!)
}

/** Fast non-dominated sorting (Deb et al. 2002, §III-A): indices by front, the first dominated by none. */
export function fronts(all: readonly Objectives[]): number[][] {
  const worse: number[][] = all.map(() => [])
  const dominators = all.map(() => 0)
  for (let a = 0; a < all.length; a++) {
    for (let b = a + 1; b < all.length; b++) {
      const [winner, loser] = dominates(all[a]!, all[b]!) ? [a, b] : dominates(all[b]!, all[a]!) ? [b, a] : []
      if (winner === undefined || loser === undefined) continue
      worse[winner]!.push(loser)
      dominators[loser]!++
    }
  }
  const sorted: number[][] = []
  for (let front = all.flatMap((_, index) => (dominators[index] === 0 ? [index] : [])); front.length > 0; ) {
    sorted.push(front)
    front = front.flatMap(index => worse[index]!.filter(loser => --dominators[loser]! === 0))
  }
  return sorted
}

/** Crowding distance within a front (§III-B): the sum over objectives of the gap between both neighbours, ends infinite. */
export function crowding(front: readonly Objectives[]): number[] {
  const distances = front.map(() => 0)
  for (let axis = 0; axis < (front[0]?.length ?? 0); axis++) {
    const order = [...front.keys()].sort((a, b) => front[a]![axis]! - front[b]![axis]!)
    const [first, last] = [order[0]!, order.at(-1)!]
    const range = front[last]![axis]! - front[first]![axis]!
    distances[first] = distances[last] = Infinity
    if (range === 0) continue
    for (let place = 1; place < order.length - 1; place++) {
      distances[order[place]!]! += (front[order[place + 1]!]![axis]! - front[order[place - 1]!]![axis]!) / range
    }
  }
  return distances
}
