import { isObject, type Json } from './types.ts'

/**
 * Merges an answer into what is there, without copying: equal parts of several places become one object, which is safe
 * since the same fetches fill them with the same answers.
 */
export function merge(target: Json, source: Json): void {
  if (target === source) return
  for (const key of Object.keys(source)) {
    const value = source[key]
    // As an assignment it would change the object's prototype.
    if (value === undefined || key === '__proto__') continue
    const present = Object.hasOwn(target, key) ? target[key] : undefined
    if (isObject(value) && isObject(present)) merge(present, value)
    else if (Array.isArray(value) && Array.isArray(present) && value.length === present.length)
      mergeLists(present, value)
    else target[key] = value
  }
}

function mergeLists(target: unknown[], source: readonly unknown[]): void {
  if (target === source) return
  for (let i = 0; i < source.length; i += 1) {
    const [present, value] = [target[i], source[i]]
    if (isObject(present) && isObject(value)) merge(present, value)
    else if (Array.isArray(present) && Array.isArray(value) && present.length === value.length)
      mergeLists(present, value)
    else target[i] = value
  }
}
