import type { Identity } from '../../../kernel/auth/identity.ts'
import { roles } from '../../../kernel/auth/identity.ts'
import type { AuditEntry } from '../../../subgraphs/orchestration/audit/entry.ts'
import { type ApiKey, isLive } from '../../../subgraphs/orchestration/identities/key.ts'
import type { Keys } from '../../../subgraphs/orchestration/identities/ports.ts'
import type { LoginCodes } from '../../../subgraphs/orchestration/logins/ports.ts'
import type { RunChange, RunEvent, Runs } from '../../../subgraphs/orchestration/runs/ports.ts'
import type { Run } from '../../../subgraphs/orchestration/runs/run.ts'

export const admin: Identity = { principal: 'key_admin', name: 'admin', project: '*', scopes: roles.admin }

/** A clock that stands until it is moved. */
export function standingClock(start = '2026-01-01T00:00:00.000Z') {
  let ms = Date.parse(start)
  return {
    now: () => new Date(ms),
    pass(by: number) {
      ms += by
    },
  }
}

export function memoryRuns() {
  const kept = new Map<string, Run>()
  const events: RunEvent[] = []
  const audit: AuditEntry[] = []
  const write = (change: RunChange) => {
    kept.set(change.run.id, change.run)
    events.push(...change.events)
    if (change.audit) audit.push(change.audit)
    return change.run
  }
  const runs: Runs = {
    find: async id => kept.get(id) ?? null,
    list: async project => [...kept.values()].filter(run => project === '*' || run.project === project).reverse(),
    findByJob: async jobId => [...kept.values()].find(run => run.steps.some(step => step.jobId === jobId)) ?? null,
    add: async change => {
      const { project, idempotencyKey } = change.run
      const same = [...kept.values()].find(
        run => idempotencyKey !== null && run.project === project && run.idempotencyKey === idempotencyKey,
      )
      return same ?? write(change)
    },
    change: async (id, change) => {
      const run = kept.get(id)
      if (!run) return null
      const changed = change(run)
      return changed ? write(changed) : run
    },
  }
  return { runs, events, audit, topics: () => events.map(event => event.topic) }
}

export function memoryKeys() {
  const kept = new Map<string, ApiKey>()
  const audit: AuditEntry[] = []
  const touches: string[] = []
  const codes = new Map<string, Date>()
  const all = () => [...kept.values()]
  const put = (key: ApiKey, entry: AuditEntry) => {
    kept.set(key.id, key)
    audit.push(entry)
    return key
  }
  const keys: Keys = {
    find: async id => kept.get(id) ?? null,
    findByHash: async hash => all().find(key => key.hash === hash) ?? null,
    list: async project => all().filter(key => project === '*' || key.project === project),
    add: async (key, entry) => {
      const same = all().find(
        other =>
          key.idempotencyKey !== null && other.project === key.project && other.idempotencyKey === key.idempotencyKey,
      )
      return same ?? put(key, entry)
    },
    addFirst: async (key, entry) => {
      for (const old of all()) {
        if (old.kind === 'first' && isLive(old, key.createdAt)) kept.set(old.id, { ...old, revokedAt: key.createdAt })
      }
      put(key, entry)
    },
    revoke: async (key, at, entry) => void put({ ...key, revokedAt: at }, entry),
    touch: async (id, at) => {
      touches.push(id)
      kept.set(id, { ...kept.get(id)!, lastUsedAt: at })
    },
  }
  const loginCodes: LoginCodes = {
    add: async (hash, expiresAt, entry) => {
      codes.set(hash, expiresAt)
      audit.push(entry)
    },
    exchange: async (hash, session, entry) => {
      const expiresAt = codes.get(hash)
      codes.delete(hash)
      if (!expiresAt || expiresAt <= session.createdAt) return false
      put(session, entry)
      return true
    },
  }
  return { keys, codes: loginCodes, all, audit, touches }
}
