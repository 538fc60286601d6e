import type { Piece, Pieces } from '../../documents/piece.ts'
import { badLine, noField } from '../errors.ts'
import { lines } from './text.ts'
import { chosenValue, namesOf, type ValueTexts } from './values.ts'

/** Bytes of the longest line. */
const longestLine = 64 << 20

/** One JSON value a line, each of which has a document; a line without a value is passed over. */
export async function* jsonlDocuments(
  name: string,
  content: AsyncIterable<Buffer>,
  field: string | null,
  texts: ValueTexts,
): Pieces & AsyncGenerator<Piece[]> {
  let line = 1
  let parts: Uint8Array[] = []
  let size = 0
  for await (const pieces of lines(content)) {
    const documents: Piece[] = []
    for (const { bytes, isLast } of pieces) {
      size += bytes.length
      if (size > longestLine) throw badLine(name, line, `has more than ${longestLine} bytes`)
      parts.push(bytes)
      if (!isLast) continue
      const document = size > 0 ? documentOf(name, line, Buffer.concat(parts).toString(), field, texts) : null
      if (document !== null) documents.push({ bytes: Buffer.from(document), isLast: true })
      parts = []
      size = 0
      line += 1
    }
    yield documents
  }
}

function documentOf(name: string, line: number, json: string, field: string | null, texts: ValueTexts): string | null {
  if (json.trim() === '') return null
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (error) {
    throw badLine(name, line, `is no JSON (${(error as Error).message})`)
  }
  const chosen = chosenValue(value, field)
  if (chosen === undefined) throw noField(name, line, field, namesOf(value))
  const text = texts(chosen)
  if (text === undefined) throw badLine(name, line, `has neither a text nor messages in "${field ?? 'text'}"`)
  return text
}
