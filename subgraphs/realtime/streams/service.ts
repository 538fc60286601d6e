import type { Identity } from '../../../kernel/auth/identity.ts'
import type { BusEvent } from '../../../kernel/bus/bus.ts'
import { cancellable } from '../../../kernel/cancellation.ts'
import { pause } from '../../../kernel/resilience/pause.ts'
import { type EventData, eventData, type Topic } from '../../../schema/events.ts'
import { fleetId } from '../../../schema/values.ts'
import { follow } from '../feed/follower.ts'
import { startAfter } from '../feed/gap.ts'
import { placeOf, type Resumable } from '../feed/resumable.ts'
import { intervalInvalid } from './errors.ts'
import type { StreamParts } from './ports.ts'
import { isVisible, visibleTopics } from './visibility.ts'

const leastMs = 100
const mostMs = 3_600_000

/** An event as subscribers of `events` get it. */
export interface Happening extends Resumable, Pick<BusEvent, 'id' | 'topic' | 'key' | 'project' | 'data'> {}

interface Chosen {
  readonly topics?: readonly string[] | null
  readonly after?: string | null
}

/** The events that `identity` may see, from now on unless `after` a cursor. Throws INVALID_INPUT and FORBIDDEN. */
export async function followEvents(parts: StreamParts, identity: Identity, chosen: Chosen) {
  const topics = visibleTopics(identity, chosen.topics)
  const start = await startAfter(parts.log, chosen.after, await parts.log.head())
  const selection = { topics, wants: (event: BusEvent) => isVisible(identity, event) }

  return parts.connections.track({ identity, field: 'events', subject: null }, watch =>
    cancellable(async function* (signal): AsyncGenerator<Happening, void> {
      for await (const { events, gap } of follow(parts, { selection, start, slowReader: 'GAP', watch }, signal)) {
        for (const [i, event] of events.entries()) {
          const { id, topic, key, project, data } = event
          yield { ...placeOf(parts, event, i === 0 ? gap : null), id, topic, key, project, data }
        }
      }
    }),
  )
}

const isChatId = (id: string): boolean => /^chat_\w{1,40}$/.test(id)

/** How the replies of one chat grow, from now on. A chat of another project stays silent. */
export async function followChat(parts: StreamParts, identity: Identity, chatId: string) {
  const start = await startAfter(parts.log, null, await parts.log.head())
  const topics: readonly Topic[] = ['chat.progressed']
  const selection = { topics, key: chatId, wants: (event: BusEvent) => isVisible(identity, event) }
  return parts.connections.track({ identity, field: 'chatProgress', subject: chatId }, watch =>
    cancellable(async function* (signal): AsyncGenerator<EventData<'chat.progressed'>, void> {
      try {
        for await (const { events } of follow(parts, { selection, start, slowReader: 'GAP', watch }, signal)) {
          for (const { data } of events) yield eventData('chat.progressed', data)
        }
      } finally {
        // Whoever subscribes may name anything: only what can be a chat is worth an event.
        if (isChatId(chatId)) parts.chatReaders.left(chatId, identity.project)
      }
    }),
  )
}

/** A pointer to the fleet's state, now and then every `everyMs`. Throws INVALID_INPUT for an interval out of range. */
export function followFleet(parts: StreamParts, identity: Identity, everyMs: number) {
  if (everyMs < leastMs || everyMs > mostMs) throw intervalInvalid(everyMs, leastMs, mostMs)
  return parts.connections.track({ identity, field: 'fleetHealth', subject: fleetId }, () =>
    cancellable(async function* (signal): AsyncGenerator<{ id: string }, void> {
      while (!signal.aborted) {
        yield { id: fleetId }
        await pause(everyMs, signal)
      }
    }),
  )
}
