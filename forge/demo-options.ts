import { parseArgs } from 'node:util'
import { invalidInput } from '../kernel/errors.ts'

export interface DemoArguments {
  /** Ends once it has shown everything, where it would go on serving otherwise. */
  readonly exit: boolean
  readonly steps: number
  readonly seed: number
}

/** Reads `--exit`, `--steps N` and `--seed N`; throws INVALID_INPUT that names what is wrong. */
export function readDemoOptions(args: readonly string[] = process.argv.slice(2)): DemoArguments {
  const { exit, steps, seed } = parse(args)
  return { exit, steps: wholeNumber('steps', steps, 1), seed: wholeNumber('seed', seed, 0) }
}

function parse(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        exit: { type: 'boolean', default: false },
        steps: { type: 'string', default: '400' },
        seed: { type: 'string', default: '42' },
      },
    })
    return values
  } catch (error) {
    if (!(error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS')) throw error
    throw invalidInput(`${(error as Error).message}. The demo takes --exit, --steps N and --seed N.`)
  }
}

function wholeNumber(option: string, text: string, least: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value
  throw invalidInput(`--${option} is "${text}", but must be a whole number of at least ${least}.`)
}
