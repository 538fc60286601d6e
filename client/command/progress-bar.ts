import { stripVTControlCharacters } from 'node:util'
import pc from 'picocolors'
import { duration, percent, short } from './figures.ts'

/** What one event says about a training. */
export interface Progressed {
  /** ISO 8601. */
  readonly at: string
  readonly status: string
  readonly step: number
  readonly totalSteps: number
  readonly metrics: readonly { readonly name: string; readonly value: number }[]
}

/** Where it is drawn: a terminal, or anything that takes lines. */
export interface Screen {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

export interface ProgressBar {
  update(event: Progressed): void
  /** Leaves the line as it is and goes to the next one. */
  stop(): void
}

const cells = 24
/** Events by whose times the speed is judged. */
const speedWindow = 20

/**
 * One line that is drawn anew with every event: step, loss, validation loss, tokens per second, time left. Where the
 * screen is no terminal, a line for each tenth of the way and for each change of status.
 */
export function progressBar(screen: Screen): ProgressBar {
  const seen: Progressed[] = []
  let isDrawn = false
  let lastMark = ''
  return {
    update(event) {
      seen.push(event)
      if (seen.length > speedWindow) seen.shift()
      const text = line(event, timeLeft(seen))
      if (screen.isTTY) {
        screen.write(`\r\u001b[2K${clipped(text, (screen.columns ?? 80) - 1)}`)
        isDrawn = true
        return
      }
      const mark = `${event.status} ${Math.floor((10 * event.step) / event.totalSteps)}`
      if (mark !== lastMark) screen.write(`${stripVTControlCharacters(text)}\n`)
      lastMark = mark
    },
    stop() {
      if (isDrawn) screen.write('\n')
      isDrawn = false
    },
  }
}

function line({ status, step, totalSteps, metrics }: Progressed, left: number | null): string {
  const share = totalSteps > 0 ? step / totalSteps : 0
  const full = Math.round(share * cells)
  const bar = `${pc.cyan('█'.repeat(full))}${pc.dim('░'.repeat(cells - full))}`
  const value = (name: string) => metrics.find(metric => metric.name === name)?.value
  const figure = (label: string, shown: string | undefined) =>
    shown === undefined ? [] : [`${pc.dim(label)} ${shown}`]
  return [
    `${bar} ${percent(share).padStart(4)}`,
    `${step}/${totalSteps}`,
    ...figure('loss', value('loss')?.toFixed(3)),
    ...figure('validation', value('validation_loss')?.toFixed(3)),
    ...figure('tokens/s', rounded(value('tokens_per_second'))),
    ...(status === 'RUNNING' ? figure('left', left === null ? undefined : duration(left)) : [status.toLowerCase()]),
  ].join('  ')
}

const rounded = (value: number | undefined) => (value === undefined ? undefined : short(value))

/** Milliseconds at the speed of the last events; null while that cannot be told. */
function timeLeft(seen: readonly Progressed[]): number | null {
  const first = seen.find(({ status }) => status === 'RUNNING')
  const last = seen.at(-1)!
  if (!first || last.step <= first.step) return null
  const msPerStep = (Date.parse(last.at) - Date.parse(first.at)) / (last.step - first.step)
  return msPerStep * (last.totalSteps - last.step)
}

/** A line that wraps could not be drawn over: its colours go where it is too long. */
function clipped(text: string, width: number): string {
  const plain = stripVTControlCharacters(text)
  return plain.length <= width ? text : plain.slice(0, width)
}
