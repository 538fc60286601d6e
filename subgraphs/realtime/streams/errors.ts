import type { Scope } from '../../../kernel/auth/identity.ts'
import { forbidden, invalidInput } from '../../../kernel/errors.ts'

export const topicUnknown = (topic: string, known: readonly string[]) =>
  invalidInput(`There is no topic "${topic.slice(0, 80)}": choose among ${known.join(', ')}.`)

export const noTopics = () => invalidInput('`topics` is empty: name at least one, or leave it out to have all.')

export const topicForbidden = (topic: string, scope: Scope) =>
  forbidden(`Your key lacks the scope ${scope} that the topic "${topic}" needs: leave the topic out.`)

export const intervalInvalid = (everyMs: number, least: number, most: number) =>
  invalidInput(`\`everyMs\` is ${everyMs}: choose ${least} to ${most} milliseconds.`)
