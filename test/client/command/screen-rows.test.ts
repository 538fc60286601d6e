import { expect, it } from 'vitest'
import { screenRows } from '../../../client/command/screen-rows.ts'
import { memoryScreen } from './screen.ts'

/** What a terminal shows after these bytes: only what rows write is understood. */
function shown(bytes: string): string[] {
  const lines: string[] = ['']
  let row = 0
  let column = 0
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's bytes.
  for (const [part, amount, move] of bytes.matchAll(/\u001b\[(\d+)([ABK])|\r|\n|[^\u001b\r\n]+/g)) {
    if (move === 'A') row -= Number(amount)
    else if (move === 'B') row += Number(amount)
    else if (move === 'K') lines[row] = ''
    else if (part === '\r') column = 0
    else if (part === '\n') {
      row++
      lines[row] ??= ''
    } else {
      lines[row] = lines[row]!.slice(0, column) + part
      column += part.length
    }
  }
  return lines
}

it('keeps a line of a terminal for each label, in whatever order they are written', () => {
  const screen = memoryScreen(true, 60)
  const [first, second, third] = screenRows(screen, ['a', 'bbb', 'cc'])
  third!.write('\r\u001b[2Kthird')
  first!.write('\r\u001b[2Kfirst, long')
  first!.write('\r\u001b[2Kagain')
  second!.write('\r\u001b[2Ksecond')
  second!.write('\n')
  screen.write('below')
  expect(shown(screen.text())).toEqual(['a    again', 'bbb  second', 'cc   third', 'below'])
  expect(first!.columns).toBe(55)
})

it('begins every line with its label where there is no terminal', () => {
  const screen = memoryScreen(false)
  const [first, second] = screenRows(screen, ['a', 'bb'])
  second!.write('one\n')
  first!.write('two\n')
  expect(screen.lines()).toEqual(['bb  one', 'a   two'])
})
