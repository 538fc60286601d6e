import { isModelName } from '../../../schema/values.ts'
import { invalidRef } from './errors.ts'

/** What a reference asks for: a number, an alias, or the newest. */
export type Ref = { readonly name: string } & (
  | { readonly number: number }
  | { readonly alias: string }
  | { readonly newest: true }
)

/** Always means the newest version, so no alias can have this name. */
export const LATEST = 'latest'

const form = /^(?<name>[^/@]+)(?:\/(?<number>[1-9]\d{0,8})|@(?<alias>[^/@]+))?$/

/** Reads `name/3`, `name@alias`, `name@latest`, or `name` alone for the newest. Throws INVALID_INPUT. */
export function parseRef(text: string): Ref {
  const { name, number, alias = LATEST } = form.exec(text)?.groups ?? {}
  if (!name || !isModelName(name) || !isAliasName(alias)) throw invalidRef(text)
  if (number) return { name, number: Number(number) }
  return alias === LATEST ? { name, newest: true } : { name, alias }
}

/** Aliases are named as models are. */
export const isAliasName = isModelName
