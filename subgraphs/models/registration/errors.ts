import { counted } from '../../../engine/counted.ts'
import { invalidInput, notFound } from '../../../kernel/errors.ts'
import type { ModelFile } from '../versions/version.ts'

export const badModelName = (name: string) =>
  invalidInput(`${JSON.stringify(name)} cannot name a model: train into a name of \`[a-z0-9][a-z0-9._-]{0,63}\`.`)

export const badPath = (path: string) =>
  invalidInput(`${JSON.stringify(path)} cannot be a file of a model: its path must be relative, plain and its own.`)

export const missingFile = ({ path, digest }: ModelFile) =>
  notFound(`The file ${path} (${digest}) is not in the blob store: run the job again.`)

export const alteredFile = ({ path, digest }: ModelFile) =>
  invalidInput(`The stored bytes of ${path} no longer have the digest ${digest}: run the job again.`)

export const wrongSize = ({ path, sizeBytes }: ModelFile, stored: number) =>
  invalidInput(
    `The file ${path} was announced with ${counted(sizeBytes, 'byte')} and stored with ${stored}: run the job again.`,
  )

export const unknownParent = (id: string, project: string) =>
  notFound(`The parent ${id} is no model version of project "${project}": start from one that is.`)
