import { invalidInput } from '../../../kernel/errors.ts'

export const badMaxPoints = (given: number, most: number) =>
  invalidInput(`maxPoints is ${given}: it must be from 3 to ${most}.`)
