import type { ResponsePath } from '@apollo/query-planner'
import { isObject, type Json, read } from './types.ts'

export type Place = readonly (string | number)[]

/** The objects that a plan's path leads to; `@` stands for every item of a list. */
export function targetsAt(data: Json, path: ResponsePath): readonly Json[] {
  const targets: Json[] = []
  collect(data, path, 0, targets)
  return targets
}

function collect(value: unknown, path: ResponsePath, at: number, targets: Json[]): void {
  if (value === null || value === undefined) return
  const step = path[at]
  if (step === '@') {
    if (Array.isArray(value)) for (const item of value) collect(item, path, at + 1, targets)
  } else if (Array.isArray(value)) {
    for (const item of value) collect(item, path, at, targets)
  } else if (step === undefined) {
    if (isObject(value)) targets.push(value)
  } else if (isObject(value)) collect(read(value, String(step)), path, at + 1, targets)
}

/** Where each of them stands in the answer, in the same order: for errors only. */
export function placesAt(data: Json, path: ResponsePath): readonly Place[] {
  const places: Place[] = []
  const walk = (value: unknown, at: number, place: Place): void => {
    if (value === null || value === undefined) return
    const step = path[at]
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) walk(item, step === '@' ? at + 1 : at, [...place, index])
    } else if (step === undefined) {
      if (isObject(value)) places.push(place)
    } else if (step !== '@' && isObject(value)) walk(read(value, String(step)), at + 1, [...place, String(step)])
  }
  walk(data, 0, [])
  return places
}
