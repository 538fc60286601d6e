import { DomainError, unavailable } from '../../kernel/errors.ts'
import type { Identities } from '../identity/identities.ts'

/** How often a key of an open connection is looked at again, in ms; an answer may be as old as Identities keeps it. */
const defaultInterval = 2_000

export interface SessionLimits {
  /** Long-lived connections (graphql-ws and server-sent events) in all. */
  readonly connections: number
  readonly connectionsPerIdentity: number
}

export interface Sessions extends Disposable {
  /**
   * Counts a connection until it is disposed of; `end` is called when its key is no longer valid. Throws
   * UNAUTHENTICATED, UNAVAILABLE when nobody can say or no more connections may be, and RESOURCE_EXHAUSTED for an
   * identity that has too many.
   */
  open(key: string | undefined, end: (reason: DomainError) => void): Promise<Disposable>
  /** Looks at all keys now: some were revoked. */
  look(): Promise<void>
}

interface SessionOptions {
  /** Between two looks at the keys, in ms. */
  readonly interval?: number
  /** Counts a connection until it is disposed of. */
  connected?(): Disposable
}

interface Session {
  readonly key: string | undefined
  readonly end: (reason: DomainError) => void
}

/** The connections that outlive a request, which a revoked or expired key must not. */
export function openSessions(
  identities: Identities,
  limits: SessionLimits,
  { interval = defaultInterval, connected }: SessionOptions = {},
): Sessions {
  const sessions = new Set<Session>()
  const perIdentity = new Map<string, number>()

  const lookAgain = async () => {
    const byKey = Map.groupBy(sessions, ({ key }) => key)
    for (const [key, holders] of byKey) {
      const reason = await refusal(identities, key)
      if (reason) for (const { end } of holders) end(reason)
    }
  }
  // One look after the other: whoever asks during one may have come too late for it.
  let looking: Promise<void> | undefined
  const look = async () => {
    while (looking) await looking
    looking = lookAgain().finally(() => {
      looking = undefined
    })
    await looking
  }
  const timer = setInterval(() => {
    if (!looking) void look()
  }, interval)

  return {
    async open(key, end) {
      const { principal } = await identities.identify(key)
      if (sessions.size >= limits.connections) throw isFull(limits.connections)
      const count = perIdentity.get(principal) ?? 0
      if (count >= limits.connectionsPerIdentity) throw tooMany(limits.connectionsPerIdentity)
      perIdentity.set(principal, count + 1)
      const session = { key, end }
      sessions.add(session)
      const counted = connected?.()
      return {
        [Symbol.dispose]() {
          if (!sessions.delete(session)) return
          counted?.[Symbol.dispose]()
          const left = perIdentity.get(principal)! - 1
          if (left === 0) perIdentity.delete(principal)
          else perIdentity.set(principal, left)
        },
      }
    },
    look,
    [Symbol.dispose]: () => clearInterval(timer),
  }
}

/** Undefined also when nobody can say now: a connection outlives an outage of who knows the identities. */
async function refusal(identities: Identities, key: string | undefined): Promise<DomainError | undefined> {
  const failure = await identities.identify(key).then(
    () => undefined,
    (error: unknown) => error,
  )
  return failure instanceof DomainError && failure.code === 'UNAUTHENTICATED' ? failure : undefined
}

const isFull = (limit: number) =>
  unavailable(`This gateway holds ${limit} connections, which is all it may: try again later.`)

const tooMany = (limit: number) =>
  new DomainError(
    'RESOURCE_EXHAUSTED',
    `Your key has ${limit} connections open, which is all it may: close one, or put several operations on one.`,
  )
