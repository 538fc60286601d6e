import { conflict, invalidInput, notFound } from '../../../kernel/errors.ts'
import type { DatasetImport } from './import.ts'

export const importNotFound = (id: string) =>
  notFound(`There is no import "${id}": \`datasetImports\` lists those of your project.`)

export const oneSource = (given: readonly string[]) =>
  invalidInput(
    `An import has one source, and ${given.length === 0 ? 'none was given' : `this has ${given.join(' and ')}`}: give one of files, url, hub, upload and task.`,
  )

export const importUnderWay = ({ id, name }: DatasetImport) =>
  conflict(`"${name}" is being imported already, by ${id}: wait for that, cancel it, or choose another name.`)

export const importKeyReused = (key: string, { id }: DatasetImport) =>
  conflict(`The idempotency key "${key}" stands for import ${id}, which is another request: use a new key.`)

export const importFinished = ({ id, status }: DatasetImport) =>
  conflict(`Import ${id} is ${status.toLowerCase()}: only one that is importing can be cancelled.`)
