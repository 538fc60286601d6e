import { newId } from '../../../kernel/ids.ts'
import type { Log } from '../../../kernel/log.ts'
import type { Ear } from '../feed/ports.ts'
import type { About, Track } from '../streams/ports.ts'
import type { LiveConnection } from './connection.ts'
import type { Connections } from './ports.ts'
import { staleMs } from './service.ts'

const confirmMs = 2_000

interface Entry {
  readonly about: About
  readonly since: Date
  delivered: number
  gaps: number
  ear?: Ear
}

export interface Registry extends Track, AsyncDisposable {
  /** Writes down what this process serves at this moment. */
  confirm(): Promise<void>
}

/** Counts what every subscription of this process gets, and writes it down every two seconds for whoever asks any process. */
export function openRegistry(store: Connections, log: Log, now: () => Date): Registry {
  const instance = newId('svc')
  const entries = new Map<string, Entry>()
  let ended: string[] = []

  const confirm = async () => {
    const at = now()
    const gone = ended
    ended = []
    if (gone.length > 0) await store.remove(gone)
    const live = Array.from(entries, ([id, entry]) => connectionOf(id, instance, entry, at))
    if (live.length > 0) await store.put(live, at)
  }
  let confirming: Promise<void> | undefined
  const timer = setInterval(() => {
    confirming ??= confirm()
      .then(() => store.removeStale(new Date(now().getTime() - staleMs)))
      .catch((error: unknown) => log.warn({ err: error }, 'The connections cannot be written down.'))
      .finally(() => {
        confirming = undefined
      })
  }, confirmMs)

  return {
    confirm,
    track<T extends object>(about: About, open: (watch: (ear: Ear) => void) => AsyncGenerator<T, void>) {
      const id = newId('con')
      const entry: Entry = { about, since: now(), delivered: 0, gaps: 0 }
      entries.set(id, entry)
      const end = () => {
        if (entries.delete(id)) ended.push(id)
      }
      return counted(
        open(ear => {
          entry.ear = ear
        }),
        entry,
        end,
      )
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      await confirming
      await store.remove([...ended, ...entries.keys()])
    },
  }
}

/** Keeps `return` as it is: it must not wait for a pending `next`. */
function counted<T extends object>(
  stream: AsyncGenerator<T, void>,
  entry: Entry,
  end: () => void,
): AsyncGenerator<T, void> {
  return {
    async next() {
      try {
        const result = await stream.next()
        if (result.done) end()
        else {
          entry.delivered += 1
          if ('gap' in result.value && result.value.gap) entry.gaps += 1
        }
        return result
      } catch (error) {
        end()
        throw error
      }
    },
    return() {
      end()
      return stream.return()
    },
    throw(error) {
      end()
      return stream.throw(error)
    },
    [Symbol.asyncIterator]() {
      return this
    },
    async [Symbol.asyncDispose]() {
      await this.return()
    },
  }
}

function connectionOf(id: string, instance: string, entry: Entry, at: Date): LiveConnection {
  const { about, since, delivered, gaps, ear } = entry
  const { principal, name, project } = about.identity
  const oldest = ear?.waitingSince
  return {
    ...{ id, instance, principal, name, project, since, delivered, gaps },
    field: about.field,
    subject: about.subject,
    behind: ear?.waiting ?? 0,
    behindMs: oldest ? Math.max(0, at.getTime() - Date.parse(oldest)) : 0,
  }
}
