import { invalidInput } from '../../../kernel/errors.ts'
import { longestLine } from './turn.ts'

export const badLength = (first: number) =>
  invalidInput(`first is ${first}: take a whole number from 1 to ${longestLine}.`)
