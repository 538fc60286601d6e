import type { Subscriptions } from './subscriptions.ts'
import type { Transport } from './transport.ts'

/** What the methods of the client work with. */
export interface Connection {
  readonly transport: Transport
  readonly subscriptions: Subscriptions
  /** The project of commands that name none. */
  readonly project: string | undefined
}
