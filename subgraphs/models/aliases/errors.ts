import { conflict, invalidInput, notFound } from '../../../kernel/errors.ts'
import type { Model } from '../registry/model.ts'

export const invalidAlias = (alias: string) =>
  invalidInput(
    `${JSON.stringify(alias)} cannot be an alias: use a name like "production", of \`[a-z0-9][a-z0-9._-]{0,63}\`.`,
  )

export const reservedAlias = (alias: string) =>
  invalidInput(`"${alias}" always means the newest version and cannot be set or removed: choose another name.`)

export const noSuchAlias = ({ name }: Model, alias: string) =>
  notFound(`Model "${name}" has no alias ${JSON.stringify(alias)}: its \`aliases\` lists those that it has.`)

export const aliasMoved = ({ name }: Model, alias: string, expected: string, found: string | null) =>
  conflict(
    `"${name}@${alias}" names ${found ?? 'no version'}, not ${expected} as you expected: look at it again, and decide anew.`,
  )

export const versionDeleted = (ref: string) =>
  conflict(`The version ${JSON.stringify(ref)} has just been deleted: undo that first, or choose another.`)
