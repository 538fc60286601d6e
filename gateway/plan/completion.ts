import { isObjectType } from 'graphql'
import type { Form } from './form.ts'
import type { Shape, ShapeField } from './shape.ts'
import { type Json, type PlacedError, read } from './types.ts'

/** Stands for a null where none may be: the parent becomes null in its place. */
const invalid = Symbol('a null where none may be')

export interface Completion {
  readonly data: Json | null
  /** What was wrong with the answers of the subgraphs, by the schema. */
  readonly errors: readonly PlacedError[]
}

/** Gives an answer the form that the operation asked for: no more fields, and nulls only where they may be. */
export function completeAnswer(shape: Shape, data: Json, introspected: Readonly<Json>): Completion {
  const path: (string | number)[] = []
  const errors: PlacedError[] = []
  const completed = completeObject(shape, data)
  return { data: completed === invalid ? null : completed, errors }

  function completeObject({ type, fields }: Shape, object: Json): Json | typeof invalid {
    const result: Json = {}
    for (const field of fields) {
      const { responseName, form } = field
      if (!form) {
        if (field.name === '__typename') {
          if (!isObjectType(type)) return invalid
          result[responseName] = type.name
        } else if (Object.hasOwn(introspected, responseName)) result[responseName] = introspected[responseName]
        continue
      }
      const given = read(object, responseName)
      if (given !== null && given !== undefined && form.isLeaf?.(given)) {
        result[responseName] = given
        continue
      }
      path.push(responseName)
      const value = complete(form, field, type.name, given)
      path.pop()
      if (value === invalid) return invalid
      result[responseName] = value
    }
    return result
  }

  function complete(form: Form, field: ShapeField, parent: string, value: unknown): unknown {
    const complaints = errors.length
    const completed = completeNullable(form, field, parent, value)
    if (completed !== null || !form.isNonNull) return completed
    // Where a complaint was made inside, it is why this is null.
    if (errors.length === complaints) complain(`Cannot return null for non-nullable field ${parent}.${field.name}.`)
    return invalid
  }

  function completeNullable(form: Form, field: ShapeField, parent: string, value: unknown): unknown {
    if (value === null || value === undefined) return null
    if (form.isLeaf) return form.isLeaf(value) ? value : wrong(field, parent)
    if (form.item) {
      if (!Array.isArray(value)) return wrong(field, parent)
      return completeList(form.item, field, parent, value)
    }
    if (typeof value !== 'object' || Array.isArray(value)) return wrong(field, parent)
    const object = value as Json
    const shape = field.shapeOf((read(object, '__typename') as string | undefined) || form.composite!)
    if (!shape) return wrong(field, parent)
    const completed = completeObject(shape, object)
    return completed === invalid ? null : completed
  }

  function completeList(item: Form, field: ShapeField, parent: string, values: readonly unknown[]): unknown {
    const completed: unknown[] = []
    let hasInvalid = false
    for (let index = 0; index < values.length; index += 1) {
      path.push(index)
      const value = complete(item, field, parent, values[index])
      path.pop()
      hasInvalid ||= value === invalid
      completed.push(value)
    }
    return hasInvalid ? null : completed
  }

  function wrong({ name }: ShapeField, parent: string): null {
    complain(`A service answered with a value that the field ${parent}.${name} cannot have.`)
    return null
  }

  function complain(message: string): void {
    errors.push({ message, path: [...path], extensions: { code: 'INTERNAL' } })
  }
}
