import type { FetchDataRewrite } from '@apollo/query-planner'
import { type Json, read } from './types.ts'
import type { IsOfType } from './types-of.ts'

const fragment = '... on '

/**
 * Changes what is sent to a subgraph, or what came from it, where the planner had to use other names than the client
 * (interface objects, fields in conflict).
 */
export function rewriter(
  rewrites: readonly FetchDataRewrite[] | undefined,
  isOfType: IsOfType,
): ((value: unknown) => void) | undefined {
  if (!rewrites || rewrites.length === 0) return
  const changes = rewrites.flatMap(rewrite => {
    const name = rewrite.path.at(-1)
    return name === undefined ? [] : [{ path: rewrite.path.slice(0, -1), change: changeOf(rewrite, name) }]
  })

  const apply = (path: readonly string[], at: number, value: unknown, change: (object: Json) => void): void => {
    if (Array.isArray(value)) {
      for (const item of value) apply(path, at, item, change)
      return
    }
    if (typeof value !== 'object' || value === null) return
    const object = value as Json
    const step = path[at]
    if (step === undefined) change(object)
    else if (!step.startsWith(fragment)) apply(path, at + 1, read(object, step), change)
    else if (isOfType(object, step.slice(fragment.length), true)) apply(path, at + 1, object, change)
  }
  return value => {
    for (const { path, change } of changes) apply(path, 0, value, change)
  }
}

function changeOf(rewrite: FetchDataRewrite, name: string): (object: Json) => void {
  if (rewrite.kind === 'ValueSetter') {
    return object => {
      object[name] = rewrite.setValueTo
    }
  }
  return object => {
    const value = read(object, name)
    if (value === undefined) return
    object[rewrite.renameKeyTo] = value
    object[name] = undefined
  }
}
