import { stripVTControlCharacters } from 'node:util'

type Columns<Row> = Readonly<Record<string, (row: Row) => string | number>>

const width = (text: string) => stripVTControlCharacters(text).length

/** One line a row under the names of the columns; `(none)` where there is no row. */
export function table<Row>(rows: readonly Row[], columns: Columns<Row>): string {
  if (rows.length === 0) return '(none)'
  const names = Object.keys(columns)
  const lines = [
    names.map(name => name.toUpperCase()),
    ...rows.map(row => names.map(name => String(columns[name]!(row)))),
  ]
  return aligned(lines)
}

/** One line a field, its name before it. */
export const fields = (values: Readonly<Record<string, string | number>>): string =>
  aligned(Object.entries(values).map(([name, value]) => [name, String(value)]))

function aligned(lines: readonly (readonly string[])[]): string {
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map(line => width(line[column]!))))
  const padded = (cell: string, column: number) => cell + ' '.repeat(widths[column]! - width(cell))
  return lines.map(line => line.map(padded).join('  ').trimEnd()).join('\n')
}
