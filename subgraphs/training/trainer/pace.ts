/** Steps over which speed is averaged: enough to be steady, few enough to follow a change within seconds. */
const window = 20

export interface Pace {
  readonly tokensPerSecond: number
  readonly secondsLeft: number
}

/** Measures a loop's speed, everything in it included. `mark` at the end of every step; times in milliseconds. */
export function paceMeter(start: { readonly at: number; readonly step: number }, tokensPerStep: number, steps: number) {
  const marks = [start]
  return {
    mark(at: number, step: number): Pace {
      marks.push({ at, step })
      if (marks.length > window + 1) marks.shift()
      const perSecond = ((step - marks[0]!.step) * 1000) / Math.max(at - marks[0]!.at, 0.001)
      return { tokensPerSecond: perSecond * tokensPerStep, secondsLeft: (steps - step) / perSecond }
    },
  }
}
