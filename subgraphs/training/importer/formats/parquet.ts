import type { FileHandle } from 'node:fs/promises'
import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetReadObjects, parquetSchema } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { DomainError } from '../../../../kernel/errors.ts'
import type { Piece, Pieces } from '../../documents/piece.ts'
import { badParquet, badValue, noColumn } from '../errors.ts'
import type { SourceFile, Tick } from '../source-file.ts'
import { chosenValue, type ValueTexts } from './values.ts'

/** Rows that are read at once where the file says where their pages are; else a row group is read whole. */
const rowsAtOnce = 4_096

/** One document of each row, of one column; a row without a value is passed over. */
export async function* parquetDocuments(
  source: SourceFile,
  field: string | null,
  texts: ValueTexts,
  tick: Tick,
): Pieces & AsyncGenerator<Piece[]> {
  const { name, size, handle } = source
  const file = fileBuffer(handle, size)
  const { metadata, column } = await reading(name, () => opened(name, file, field))
  const inner = field?.split('.').slice(1).join('.') || null
  let groupStart = 0
  for (const group of metadata.row_groups) {
    const rows = Number(group.num_rows)
    const hasPages = group.columns.every(({ offset_index_length }) => offset_index_length !== undefined)
    const step = hasPages ? rowsAtOnce : rows
    for (let from = 0; from < rows; from += step) {
      const rowStart = groupStart + from
      const rowEnd = groupStart + Math.min(rows, from + step)
      const read = await reading(name, () =>
        parquetReadObjects({ file, metadata, columns: [column], rowStart, rowEnd, compressors, useOffsetIndex: true }),
      )
      yield read.flatMap((row, index) => {
        const value = inner === null ? row[column] : chosenValue(row[column], inner)
        const text = texts(value ?? null)
        if (text === undefined) throw badValue(name, rowStart + index + 1, field ?? column, kindOf(value))
        return text === null ? [] : [{ bytes: Buffer.from(text), isLast: true }]
      })
      tick(((rowEnd - rowStart) / Math.max(1, Number(metadata.num_rows))) * size)
    }
    groupStart += rows
  }
}

async function opened(name: string, file: AsyncBuffer, field: string | null) {
  const metadata: FileMetaData = await parquetMetadataAsync(file)
  const columns = parquetSchema(metadata).children.map(({ element }) => element.name)
  const wanted = field === null ? ['text', 'messages'] : [field.split('.', 1)[0]!]
  const column = wanted.find(known => columns.includes(known))
  if (column === undefined) throw noColumn(name, field ?? 'text', columns)
  return { metadata, column }
}

const kindOf = (value: unknown): string => (Array.isArray(value) ? 'a list without roles' : `a ${typeof value}`)

function fileBuffer(handle: FileHandle, byteLength: number): AsyncBuffer {
  return {
    byteLength,
    async slice(start, end = byteLength) {
      const bytes = new Uint8Array(Math.max(0, end - start))
      for (let done = 0; done < bytes.length; ) {
        const { bytesRead } = await handle.read(bytes, done, bytes.length - done, start + done)
        if (bytesRead === 0) throw new Error(`it ends at byte ${start + done}`)
        done += bytesRead
      }
      return bytes.buffer
    },
  }
}

async function reading<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof DomainError ? error : badParquet(name, error as Error)
  }
}
