import { conflict, invalidInput, notFound } from '../../../kernel/errors.ts'
import type { Sweep } from './sweep.ts'

/** More would be a search that nobody waits for. */
export const mostTrials = 500

export const sweepNotFound = (id: string) =>
  notFound(`There is no sweep "${id}" in your project: \`sweeps\` lists those there are.`)

export const emptySpace = () =>
  invalidInput(
    '`space` is empty: name one parameter at least, as `{ parameter: "learningRate", logUniform: { from: 1e-4, to: 1e-2 } }`.',
  )

export const unknownParameter = (name: string, known: readonly string[]) =>
  invalidInput(`space has the parameter "${name.slice(0, 80)}", which cannot be searched: take ${known.join(', ')}.`)

export const parameterTwice = (name: string) =>
  invalidInput(`space has the parameter ${name} twice: give it once, with all that it may be.`)

export const oneDistribution = (name: string, given: readonly string[]) =>
  invalidInput(
    `${name} has ${given.length === 0 ? 'no distribution' : given.join(' and ')}: give exactly one of uniform, logUniform, integer, choice.`,
  )

export const wholeNumbers = (name: string, kind: string) =>
  invalidInput(`${name} is searched by \`${kind}\`, and takes whole numbers only: use \`integer\` or \`choice\`.`)

export const namesOnly = (name: string, known: readonly string[]) =>
  invalidInput(`${name} is a name and no number: give a \`choice\` of ${known.join(', ')}.`)

export const numbersOnly = (name: string, value: string) =>
  invalidInput(`${name} has the choice ${JSON.stringify(value)}: give numbers.`)

export const useless = (name: string, kinds: string) =>
  invalidInput(`${name} does nothing here: give \`input.grokfast\` the kind ${kinds}, or search \`grokfast.kind\` too.`)

export const badTrials = (trials: number) =>
  invalidInput(`trials is ${trials}: take a whole number from 1 to ${mostTrials}.`)

export const gridTooLarge = (size: number) =>
  invalidInput(
    `The grid has ${size} points, and a sweep ${mostTrials} trials at most: give fewer \`points\` or choices, or search by RANDOM or ASHA.`,
  )

export const gridHasItsOwn = (trials: number) =>
  invalidInput(
    `trials is ${trials} beside GRID, which tries every combination: leave it out, or search by RANDOM or ASHA.`,
  )

export const onlyAsha = (name: string, value: number) =>
  invalidInput(`${name} is ${value}, and only ASHA has rungs: leave it out, or search by ASHA.`)

export const badParallel = (parallel: number) =>
  invalidInput(`parallel is ${parallel}: take a whole number from 1 to ${mostTrials}.`)

export const noControls = () =>
  invalidInput('`input.control` is true in a sweep: search `grokfast.kind` with NONE among its choices instead.')

export const incomparable = (name: string, one: number, other: number) =>
  invalidInput(
    `The presets have ${name} ${one} and ${other}, and losses compare over equal ones only: set \`input.${name === 'vocabulary' ? 'sizes.vocabulary' : name}\` for all of them.`,
  )

export const sweepFinished = ({ id, status }: Sweep) =>
  conflict(`Sweep ${id} is ${status} already, and a finished sweep stays as it is: start another.`)

export const sweepNotPausable = ({ id }: Sweep) => conflict(`Sweep ${id} is PAUSED already: resume or cancel it.`)

export const sweepNotResumable = ({ id, status }: Sweep) =>
  conflict(`Sweep ${id} is ${status}: only a PAUSED sweep can be resumed.`)

export const otherSweep = (key: string, id: string) =>
  conflict(`The idempotency key "${key}" stands for sweep ${id}, which is another request: use a new key.`)
