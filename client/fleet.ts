import type { Connection } from './connection.ts'
import * as documents from './generated/graphql.ts'
import type { StreamOptions } from './stream.ts'

export type Fleet = documents.FleetFieldsFragment
export type Service = NonNullable<documents.ServicesQuery['services']>[number]
export type ForgeEvent = documents.EventsSubscription['events']

export const fleetMethods = ({ transport, subscriptions }: Connection) => ({
  fleet: (): Promise<Fleet> => transport.field(documents.FleetDocument, 'fleet', {}),

  services: (): Promise<readonly Service[]> => transport.field(documents.ServicesDocument, 'services', {}),

  /** A snapshot of the fleet every `everyMs` (1,000 where absent); a slow reader gets the newest. */
  fleetHealth: ({ everyMs, signal }: { everyMs?: number; signal?: AbortSignal } = {}): AsyncGenerator<Fleet, void> =>
    subscriptions.stream(documents.FleetHealthDocument, 'fleetHealth', { everyMs }, { signal }),

  /** Everything that happens, or only the given topics. */
  events: ({
    topics,
    ...options
  }: StreamOptions & { topics?: readonly string[] } = {}): AsyncGenerator<ForgeEvent, void> =>
    subscriptions.stream(documents.EventsDocument, 'events', { topics }, options, event => event.cursor),
})
