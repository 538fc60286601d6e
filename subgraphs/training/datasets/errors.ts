import { conflict, invalidInput, notFound } from '../../../kernel/errors.ts'
import { type Dataset, inlineLimit, sizeLimit } from './dataset.ts'

export const datasetNotFound = (ref: string) =>
  notFound(`There is no dataset "${ref}": \`datasets\` lists those you may use, \`createDataset\` makes one.`)

export const badDatasetName = (name: string) =>
  invalidInput(
    `The dataset name "${name}" is not usable: begin with a letter a-z or a digit, then up to 63 of a-z 0-9 . _ - (no space, no capital).`,
  )

export const datasetEmpty = (name: string) => invalidInput(`Dataset "${name}" is empty: give it some text.`)

export const notUtf8 = (name: string) =>
  invalidInput(`Dataset "${name}" is not UTF-8 text: convert it, for instance with iconv, and try again.`)

export const inlineTooLarge = (bytes: number) =>
  invalidInput(
    `The text has ${bytes} bytes, and a request carries at most ${inlineLimit}: put a file into the forge's datasets folder and name it by \`path\`.`,
  )

export const datasetTooLarge = (name: string) =>
  invalidInput(
    `Dataset "${name}" has more than ${sizeLimit} bytes: import it by importDataset, which takes larger ones.`,
  )

export const noContent = () => invalidInput('A dataset needs either `text` or `path`, and not both.')

export const badPath = (path: string) =>
  invalidInput(`There is no file "${path}" in the forge's datasets folder: put it there, and name it relative to that.`)

export const nameTaken = ({ name, id }: Dataset) =>
  conflict(`The name "${name}" belongs to dataset ${id}, and what a dataset has never changes: choose another name.`)

export const datasetKeyReused = (key: string, { id }: Dataset) =>
  conflict(`The idempotency key "${key}" stands for dataset ${id}, which is another request: use a new key.`)

export const datasetBuiltIn = ({ name }: Dataset) =>
  conflict(`Dataset "${name}" comes with the forge and cannot be deleted.`)

export const datasetInUse = ({ name }: Dataset) =>
  conflict(`Dataset "${name}" is what some job was trained on, and is kept for its record.`)
