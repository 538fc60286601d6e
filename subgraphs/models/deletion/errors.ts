import { conflict, invalidInput, notFound } from '../../../kernel/errors.ts'
import type { Deletion } from './deletion.ts'

export const nothingNamed = () => invalidInput('`refs` names no version: pass one or more, such as "name/3".')

export const tooManyNamed = (count: number, most: number) =>
  invalidInput(`\`refs\` names ${count} versions: delete at most ${most} at a time.`)

export const aliasesNameThem = (aliases: readonly string[]) =>
  conflict(`${aliases.join(', ')} would name nothing: move or remove the alias first.`)

export const changedSince = () =>
  conflict('What would be deleted, or what depends on it, has changed since `deletionPreview`: look at it again.')

export const deletionNotFound = (id: string) =>
  notFound(`There is no deletion ${JSON.stringify(id)}: \`deletions\` lists those that there are.`)

export const notPending = ({ id, status }: Deletion) =>
  conflict(
    `The deletion "${id}" is ${status}: ${status === 'UNDONE' ? 'delete the versions anew' : 'only a PENDING one can be undone'}.`,
  )
