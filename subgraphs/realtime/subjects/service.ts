import { type Identity, mayAccess } from '../../../kernel/auth/identity.ts'
import { madeAt } from '../../../kernel/ids.ts'
import { pause } from '../../../kernel/resilience/pause.ts'
import { subjectNotFound } from './errors.ts'
import { subjectAfter, topicsOf } from './news.ts'
import type { SubjectParts } from './ports.ts'
import type { Subject, SubjectKind, SubjectOf } from './subject.ts'

/** How long an id may be ahead of its first event, in milliseconds: that is still on its way through the outbox. */
const patienceMs = 2_000
/** Age of an id up to which its first event may be on its way, in milliseconds; the clocks of two machines differ a little. */
const youngMs = 30_000

/**
 * The job or run of this id, as far as `identity` may see it. Waits for one that was made a moment ago, as its id tells.
 * Throws NOT_FOUND, for another project's too.
 */
export async function findSubject<Kind extends SubjectKind>(
  parts: SubjectParts,
  identity: Identity,
  kind: Kind,
  id: string,
): Promise<SubjectOf<Kind>> {
  using ear = parts.hub.listen({ key: id, topics: topicsOf[kind] })
  const patience = new AbortController()
  try {
    const awaited = () =>
      Promise.race([
        ear.take(patience.signal).then(({ events: [first] }) => first && subjectAfter(first)),
        pause(patienceMs, patience.signal).then(() => undefined),
      ])
    const found = (await lookUp(parts, kind, id)) ?? (isYoung(id, parts.now()) ? await awaited() : undefined)
    if (!found || found.kind !== kind || !mayAccess(identity, found.project)) throw subjectNotFound(kind, id)
    return found as SubjectOf<Kind>
  } finally {
    patience.abort()
  }
}

function isYoung(id: string, now: Date): boolean {
  const made = madeAt(id)
  return made !== undefined && Math.abs(now.getTime() - made) < youngMs
}

/** The log may know what the read model does not yet, and the read model what the log no longer keeps. */
async function lookUp({ subjects, log }: SubjectParts, kind: SubjectKind, id: string): Promise<Subject | undefined> {
  const known = await subjects.find(id)
  if (known) return known
  const [first] = await log.read({ key: id, topics: topicsOf[kind], limit: 1 })
  return first && subjectAfter(first)
}
