import { counted } from '../../../engine/counted.ts'
import type { NewLine } from './line.ts'

/** What one job may print, in lines and in characters. What the forge itself says of its course always fits. */
const outputBudget = { lines: 100_000, characters: 16 * 1024 * 1024 } as const

/** How much of its budget a log has used. */
export interface LogState {
  readonly lines: number
  readonly characters: number
  /** Lines that did not fit since this was last said. */
  readonly dropped: number
}

export const emptyLog: LogState = { lines: 0, characters: 0, dropped: 0 }

/** Those that can come without an end: a job may validate at every step. */
const frequent: readonly (string | null)[] = [null, 'validated', 'checkpointed']

/** The lines that are stored, with a line that says what was not where there is one, and the log as it then is. */
export function admit(state: LogState, lines: readonly NewLine[], budget: Omit<LogState, 'dropped'> = outputBudget) {
  let { lines: count, characters, dropped } = state
  const admitted: NewLine[] = []
  for (const line of lines) {
    const fits = count < budget.lines && characters + line.text.length <= budget.characters
    if (frequent.includes(line.event) && !fits) {
      dropped += 1
      continue
    }
    if (dropped > 0 && !frequent.includes(line.event)) admitted.push(droppedLine(line, dropped))
    if (!frequent.includes(line.event)) dropped = 0
    admitted.push(line)
    count += 1
    characters += line.text.length
  }
  return { state: { lines: state.lines + admitted.length, characters, dropped }, admitted }
}

const droppedLine = ({ at, attempt }: NewLine, dropped: number): NewLine => ({
  at,
  attempt,
  source: 'FORGE',
  event: 'dropped',
  step: null,
  text: `the log of this job is full: it lacks ${counted(dropped, 'line')} of output`,
})
