import { type Identity, mayAccess, type Scope } from '../../../kernel/auth/identity.ts'
import type { BusEvent } from '../../../kernel/bus/bus.ts'
import { isTopic, type Topic, topics } from '../../../schema/events.ts'
import { noTopics, topicForbidden, topicUnknown } from './errors.ts'

const all = Object.keys(topics) as readonly Topic[]

/** The scope that an event's topic needs, by what the topic is about. */
const scopes: Readonly<Record<string, Scope>> = {
  job: 'training:read',
  sweep: 'training:read',
  dataset: 'training:read',
  version: 'models:read',
  alias: 'models:read',
  chat: 'models:read',
  run: 'pipelines:read',
  step: 'pipelines:read',
  key: 'identity:write',
}

const scopeOf = (topic: string): Scope => scopes[topic.split('.')[0]!] ?? 'monitoring:read'

/**
 * The topics that `identity` is to get. Throws INVALID_INPUT for one that does not exist, and FORBIDDEN for one that it
 * asks for without the scope; without a choice it gets those that it has the scope for.
 */
export function visibleTopics(identity: Identity, chosen: readonly string[] | null | undefined): readonly Topic[] {
  if (chosen === null || chosen === undefined) return all.filter(topic => identity.scopes.includes(scopeOf(topic)))
  if (chosen.length === 0) throw noTopics()
  return [...new Set(chosen)].map(topic => {
    if (!isTopic(topic)) throw topicUnknown(topic, all)
    if (!identity.scopes.includes(scopeOf(topic))) throw topicForbidden(topic, scopeOf(topic))
    return topic
  })
}

/** The state of machines and processes belongs to no project (`*`): whoever may see it at all sees all of it. */
export const isVisible = (identity: Identity, { project }: Pick<BusEvent, 'project'>): boolean =>
  project === '*' || mayAccess(identity, project)
