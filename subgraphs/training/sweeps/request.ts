import { z } from 'zod'
import { chosenSettings } from '../recipes/request.ts'
import { algorithms } from './sweep.ts'

const range = z.strictObject({ from: z.number(), to: z.number() })

const dimension = z
  .strictObject({
    parameter: z.string(),
    uniform: range,
    logUniform: range,
    integer: range,
    choice: z.array(z.union([z.number(), z.string()])),
    points: z.number(),
  })
  .partial({ uniform: true, logUniform: true, integer: true, choice: true, points: true })

export type ChosenDimension = z.infer<typeof dimension>

const search = z
  .strictObject({
    space: z.array(dimension).max(20),
    algorithm: z.enum(algorithms),
    trials: z.number(),
    eta: z.number(),
    minSteps: z.number(),
    parallel: z.number(),
    seed: z.number(),
  })
  .partial({ algorithm: true, trials: true, eta: true, minSteps: true, parallel: true, seed: true })

export type ChosenSearch = z.infer<typeof search>

/** What a client may choose of a search. Throws INVALID_INPUT naming what is no number, or nothing known. */
export function readSearch(given: { readonly space: readonly object[] }): ChosenSearch {
  // Lists keep their nulls there; those of a dimension stand where nothing is chosen.
  const space = given.space.map(each => Object.fromEntries(Object.entries(each).filter(([, value]) => value != null)))
  return chosenSettings(search, { ...given, space })
}
