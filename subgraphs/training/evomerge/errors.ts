import { counted } from '../../../engine/counted.ts'
import { conflict, invalidInput, notFound } from '../../../kernel/errors.ts'

export const tooFewParents = (count: number) =>
  invalidInput(`The merge has ${counted(count, 'parent')}: it needs 2 at least, and takes 16 at most.`)

export const sameParent = (ref: string) =>
  invalidInput(`The parent ${ref} is given twice: name each once, weights are what the search finds.`)

export const badRef = (ref: string) =>
  invalidInput(`"${ref}" names no version: give an id, \`name/3\`, \`name@latest\` or \`name@alias\`.`)

export const parentNotFound = (ref: string) =>
  notFound(`There is no version "${ref}" to merge in your project: \`models\` lists those there are.`)

export const parentIncomplete = (ref: string, path: string) =>
  conflict(`The version ${ref} was registered without telling where its ${path} is: import or train it again.`)

export const otherArchitecture = (first: string, second: string, sizes: readonly string[]) =>
  invalidInput(
    `${first} and ${second} are of different architectures (${sizes.join(', ')}): only models of one can be merged.`,
  )

export const otherTokenizer = (first: string, second: string) =>
  invalidInput(
    `The tokenizers of ${first} and ${second} differ, and embeddings of different tokens cannot be mixed: merge models that were trained with one tokenizer.`,
  )

export const needsBase = (method: string) =>
  invalidInput(`${method} merges what models have learned since a common base: name it as \`base\`.`)

export const wrongCount = (method: string, wanted: string, count: number) =>
  invalidInput(
    `${method} merges ${wanted} models and was given ${counted(count, 'parent')}: take another method or other parents.`,
  )

export const badObjectives = (given: readonly string[]) =>
  invalidInput(`objectives is ${given.join(', ')}: LOSS is one of them, SIZE and LATENCY may be others, each once.`)

export const sigmaOfNone = (sigma: number) =>
  invalidInput(`sigma is ${sigma} beside several objectives, whose search (NSGA-II) has none: leave it out.`)

export const notSearchable = (method: string) =>
  invalidInput(`${method} stacks layers and has nothing to search here: \`forge merge\` does that by a recipe.`)

export const unknownBound = (name: string, methods: readonly string[]) =>
  invalidInput(`bounds.${name} is no parameter that ${methods.join(' or ')} search: leave it out.`)
