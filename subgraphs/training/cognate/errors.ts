import { counted } from '../../../engine/counted.ts'
import { invalidInput } from '../../../kernel/errors.ts'

export const badModelName = (name: string) =>
  invalidInput(
    `The model name "${name}" is not usable: begin with a letter a-z or a digit, then up to 63 of a-z 0-9 . _ - (no space, no capital).`,
  )

export const twoTexts = () => invalidInput('Both `dataset` and `text` are given: leave one of them out.')

export const datasetTooSmall = (name: string, bytes: number, needed: number) =>
  invalidInput(
    `Dataset "${name}" has ${counted(bytes, 'byte')} and this training needs at least ${needed}, a tenth of them for validation: give more text, or a smaller batch or context.`,
  )

export const nothingToControl = () =>
  invalidInput('`control` is true without a filter: choose `grokfast` of kind EMA or MA, or leave `control` out.')

export const phaseNotBuilt = (phase: string) =>
  invalidInput(`The phase ${phase} cannot be trained by this forge: those that can are COGNATE and EVOMERGE.`)
