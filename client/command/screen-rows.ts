import type { Screen } from './progress-bar.ts'

/**
 * One line of the screen for each label, drawn over by itself; the cursor rests below them. Where the screen is no
 * terminal, every line begins with its label.
 */
export function screenRows(screen: Screen, labels: readonly string[]): Screen[] {
  const width = Math.max(...labels.map(label => label.length)) + 2
  if (screen.isTTY) screen.write('\n'.repeat(labels.length))
  return labels.map((label, row) => ({
    isTTY: screen.isTTY,
    columns: (screen.columns ?? 80) - width,
    write(text) {
      if (!screen.isTTY) return screen.write(`${label.padEnd(width)}${text}`)
      // The end of a bar: the next line is there already.
      if (text === '\n') return
      const up = labels.length - row
      const start = '\r\u001b[2K'
      const line = text.startsWith(start) ? text.slice(start.length) : text
      return screen.write(`\u001b[${up}A${start}${label.padEnd(width)}${line}\u001b[${up}B\r`)
    },
  }))
}
