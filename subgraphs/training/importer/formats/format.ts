import type { Pieces } from '../../documents/piece.ts'
import type { DataFormat, Reading } from '../../imports/source.ts'
import { readContent, type SourceFile, type Tick } from '../source-file.ts'
import { jsonlDocuments } from './jsonl.ts'
import { parquetDocuments } from './parquet.ts'
import { textDocuments } from './text.ts'
import { utf8Checked } from './utf8.ts'
import { valueTexts } from './values.ts'

/** What a file is, by its name. */
export function formatOf(name: string): DataFormat {
  const plain = name.toLowerCase().replace(/\.(gz|zst)$/, '')
  if (/\.(jsonl|ndjson)$/.test(plain)) return 'JSONL'
  return plain.endsWith('.parquet') ? 'PARQUET' : 'TEXT'
}

/** The documents of a file. */
export function documentsOf(source: SourceFile, { format, unit, field, template }: Reading, tick: Tick): Pieces {
  const known = format ?? formatOf(source.name)
  if (known === 'PARQUET') return parquetDocuments(source, field, valueTexts(template), tick)
  const content = utf8Checked(source.name, readContent(source, tick))
  return known === 'JSONL'
    ? jsonlDocuments(source.name, content, field, valueTexts(template))
    : textDocuments(content, unit)
}
