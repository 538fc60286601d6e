import type { Identity } from '../../../kernel/auth/identity.ts'
import type { Ear } from '../feed/ports.ts'
import type { SubjectParts } from '../subjects/ports.ts'

/** A subscription as it is listed among the connections. */
export interface About {
  readonly identity: Identity
  readonly field: string
  /** The id that the subscription is about. */
  readonly subject: string | null
}

/** Keeps the list of who is subscribed to what. */
export interface Track {
  /** Lists the stream for as long as it is read; `watch` takes its queue of live events. */
  track<T extends object>(
    about: About,
    open: (watch: (ear: Ear) => void) => AsyncGenerator<T, void>,
  ): AsyncGenerator<T, void>
}

export interface ChatReaders {
  /** A reader of the chat's replies has left. */
  left(chatId: string, project: string): void
}

export interface StreamParts extends SubjectParts {
  readonly connections: Track
  readonly chatReaders: ChatReaders
}
