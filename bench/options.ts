import { parseArgs } from 'node:util'

/** What shortens a benchmark or sets it up, by its usual value: a number, sections that are measured, or a text. */
export type Options = Readonly<Record<string, number | string | readonly string[]>>

/** The same, as it was asked for. */
export type Given<Of extends Options> = {
  readonly [Name in keyof Of]: Of[Name] extends number ? number : Of[Name] extends string ? string : Of[Name]
}

/** One sentence about what was asked for and is not there. */
export class UsageError extends Error {}

/** The options of a benchmark as flags give them, usual values elsewhere. Throws a UsageError for what it does not take. */
export function readOptions<Of extends Options>(name: string, usual: Of, flags: readonly string[]): Given<Of> {
  const known = Object.fromEntries(Object.keys(usual).map(option => [option, { type: 'string' as const }]))
  const { tokens } = parseArgs({ args: [...flags], options: known, strict: false, tokens: true })
  const given: Record<string, Options[string]> = { ...usual }
  for (const token of tokens) {
    const [named, value] = token.kind === 'option' ? [token.rawName, token.value] : [flags[token.index], undefined]
    if (token.kind !== 'option' || !Object.hasOwn(usual, token.name)) {
      throw new UsageError(`The benchmark ${name} takes no "${named}": it takes ${listed(usual)}.`)
    }
    if (value === undefined)
      throw new UsageError(`${named} is without a value: pass one, as ${shown(token.name, usual)}.`)
    given[token.name] = read(named!, value, usual[token.name]!)
  }
  return given as Given<Of>
}

function read(named: string, value: string, usual: Options[string]): Options[string] {
  if (typeof usual === 'string') return value
  if (typeof usual === 'number') {
    if (!(Number(value) > 0)) throw new UsageError(`${named} is "${value}": pass a number above 0, such as ${usual}.`)
    return Number(value)
  }
  const parts = value.split(',')
  const unknown = parts.find(part => !usual.includes(part))
  if (unknown !== undefined) throw new UsageError(`There is no section "${unknown}": choose from ${usual.join(',')}.`)
  return parts
}

/** Each option with its usual value, as it is typed. */
export const shown = (option: string, usual: Options): string =>
  `--${option} ${quoted([usual[option]!].flat().join(','))}`

const listed = (usual: Options): string =>
  [...Object.keys(usual).map(option => shown(option, usual)), '--json', '--help'].join(', ')

const quoted = (text: string): string => (text.includes(' ') ? `"${text}"` : text)
