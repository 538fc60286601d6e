import { invalidInput } from '../../../kernel/errors.ts'

export const badLineCount = (given: number, most: number) =>
  invalidInput(`${given} lines cannot be read at once: ask for 0 to ${most}, and go on after the last of them.`)
