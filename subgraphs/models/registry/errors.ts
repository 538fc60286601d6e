import { invalidInput, notFound } from '../../../kernel/errors.ts'

export const invalidCursor = (cursor: string) =>
  invalidInput(
    `${JSON.stringify(cursor)} is no cursor of this list: pass an \`endCursor\` of it, or leave it out to start anew.`,
  )

export const modelNotFound = (name: string, project: string) =>
  notFound(`Project "${project}" has no model ${JSON.stringify(name)}: \`models\` lists those that it has.`)

export const unbounded = (name: string) =>
  invalidInput(`The filter on the metric ${JSON.stringify(name)} has no bound: give \`atLeast\` or \`atMost\`.`)
