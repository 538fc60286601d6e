import { invalidInput, notFound } from '../../../kernel/errors.ts'
import type { Model } from '../registry/model.ts'

export const invalidRef = (ref: string) =>
  invalidInput(`${JSON.stringify(ref)} names no model version: write "name/3", "name@alias" or "name@latest".`)

export const numberNotFound = ({ name, newest }: Model, number: number) =>
  notFound(
    `There is no model version "${name}/${number}": ${name} has the versions 1 to ${newest}, less those that were deleted.`,
  )

export const aliasNotFound = ({ name }: Model, alias: string, known: readonly string[]) =>
  notFound(
    `There is no model version "${name}@${alias}": ${name} has ${known.length ? `the aliases ${known.join(', ')}` : 'no aliases yet'}, and \`setAlias\` makes one.`,
  )
