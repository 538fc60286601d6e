import { conflict, invalidInput, notFound } from '../../../kernel/errors.ts'

export const groupNotFound = (id: string) =>
  notFound(
    `There is no group "${id}" in your project: \`startCognateGroup\` makes one, and a job's \`group\` names its own.`,
  )

export const badSeeds = (seeds: readonly number[]) =>
  invalidInput(`seeds is ${JSON.stringify(seeds)}: give 2 to 16 whole numbers from 0, each once.`)

export const seedBesideSeeds = (seed: number) =>
  invalidInput(`\`input.seed\` is ${seed} beside \`seeds\`: leave it out, since each sibling has its own.`)

export const otherSiblings = (key: string, id: string) =>
  conflict(`The idempotency key "${key}" stands for group ${id}, which has other seeds: use a new key.`)
