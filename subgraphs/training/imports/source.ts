import type { Task } from '../../../engine/tasks/task.ts'

export const dataFormats = ['TEXT', 'JSONL', 'PARQUET'] as const
export type DataFormat = (typeof dataFormats)[number]

/** What a document is in a file of text. */
export const textUnits = ['FILE', 'LINE'] as const
export type TextUnit = (typeof textUnits)[number]

/** How files become documents. */
export interface Reading {
  /** Null: by the name of each file. */
  readonly format: DataFormat | null
  readonly unit: TextUnit
  /** Of JSONL and Parquet; a path of names between dots. Null: `text`, or else `messages`. */
  readonly field: string | null
  /** Name of a chat template, or one in Jinja. */
  readonly template: string
}

export interface FilesSource {
  readonly kind: 'FILES'
  /** Files, folders and globs, relative to the datasets folder. */
  readonly paths: readonly string[]
  readonly gitignore: boolean
}

export interface UrlSource {
  readonly kind: 'URL'
  readonly url: string
  /** 64 hexadecimal digits. */
  readonly sha256: string | null
}

export interface HubSource {
  readonly kind: 'HUB'
  readonly id: string
  readonly revision: string
  /** Globs; none: every file of the format that most of them have. */
  readonly files: readonly string[]
}

export interface UploadSource {
  readonly kind: 'UPLOAD'
  readonly id: string
  readonly sha256: string | null
}

export interface TaskSource {
  readonly kind: 'TASK'
  readonly task: Task
}

export type Source = FilesSource | UrlSource | HubSource | UploadSource | TaskSource

/** Everything that decides the content of an imported dataset. */
export interface ImportSource {
  readonly from: Source
  readonly reading: Reading
}
