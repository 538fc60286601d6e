import { conflict, invalidInput, notFound } from '../../../kernel/errors.ts'
import type { Run } from '../runs/run.ts'
import { pipelines } from './pipeline.ts'

export const runNotFound = (id: string) =>
  notFound(`There is no pipeline run "${id}" in your project: \`pipelineRuns\` lists those that exist.`)

export const runFinished = (run: Run) =>
  conflict(
    `The pipeline run ${run.id} is ${run.status} already and can't be cancelled: \`runPipeline\` starts another.`,
  )

export const keyReused = (key: string, run: Run) =>
  conflict(
    `The idempotency key "${key}" belongs to ${run.id}, which was asked for with other input: take another key, or repeat that input.`,
  )

export const unknownPipeline = (name: string) =>
  invalidInput(
    `There is no pipeline "${name}": take one of ${pipelines.map(pipeline => `"${pipeline.name}"`).join(', ')}.`,
  )

export const badModelName = (name: string) =>
  invalidInput(
    `"${name}" is no model name: use 1 to 64 of a-z, 0-9, ".", "_" and "-", beginning with a letter or digit.`,
  )

export const badSeed = (seed: number) => invalidInput(`The seed ${seed} is negative: give one from 0 to 2147483647.`)

export const badConfig = (config: unknown) =>
  invalidInput(`\`config\` must be a JSON object such as { "steps": 200 }, but is ${JSON.stringify(config)}.`)
