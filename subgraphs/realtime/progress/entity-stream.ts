import type { Position } from '../../../kernel/bus/bus.ts'
import type { Topic } from '../../../schema/events.ts'
import { isFinished } from '../../../schema/values.ts'
import { type Batch, type Followed, follow } from '../feed/follower.ts'
import { cursorOf, type Gap, type Start } from '../feed/gap.ts'
import type { EventLog, FeedParts } from '../feed/ports.ts'
import type { Resumable } from '../feed/resumable.ts'
import type { Subject } from '../subjects/subject.ts'
import { ended } from './progress.ts'

type Update = Resumable & Pick<Subject, 'status'>

/** How the events of one job or run become what its subscribers get. */
export interface EntityStream<T extends Update> extends Pick<Followed, 'slowReader' | 'watch'> {
  readonly subject: Subject
  readonly start: Start
  readonly topics: readonly Topic[]
  /** Those of `topics` that may be the last. */
  readonly lastTopics: readonly Topic[]
  /** The last with the position of the last event; none where there is nothing to tell. */
  render(batch: Batch): readonly T[]
  /** What is known of a subject whose events are no longer kept. */
  remembered(at: { cursor: string; gap: Gap | null }): T
}

/**
 * The updates of one entity since the start. It ends with the update that says that the entity has ended, if nothing
 * has come after: a failed job may have been tried again.
 */
export async function* entityStream<T extends Update>(
  parts: FeedParts,
  { subject, start, topics, lastTopics, slowReader, watch, render, remembered }: EntityStream<T>,
  signal: AbortSignal,
): AsyncGenerator<T, void> {
  const { log } = parts
  const selection = { key: subject.id, topics }
  for await (const batch of follow(parts, { selection, start, slowReader, watch }, signal)) {
    if (batch.events.length > 0) {
      const updates = render(batch)
      yield* updates
      const last = updates.at(-1)
      if (!last || !ended(last)) continue
      const [next] = await log.read({ ...selection, after: batch.position, limit: 1 })
      if (next) continue
      return
    }
    if (!(await hadEnded(log, batch.position))) continue
    // Whoever resumes and misses nothing has had the end; anyone else is told what is remembered of it.
    if (!start.resumes || batch.gap) {
      yield remembered({ cursor: cursorOf(log, batch.position), gap: batch.gap })
    }
    return
  }

  /** Whether the newest event is an end, up to `position`: one that has come since then is still to be given. */
  async function hadEnded(log: EventLog, position: Position): Promise<boolean> {
    const [newest] = await log.readBack({ ...selection, limit: 1 })
    if (!newest) return isFinished(subject.status)
    return lastTopics.some(topic => topic === newest.topic) && log.compare(newest.position, position) <= 0
  }
}
