import type { Log } from '../../../kernel/log.ts'
import type { ChatReaders } from './ports.ts'

interface ReaderParts {
  /** Whether a subscription of any process is about the chat. */
  isRead(chatId: string): Promise<boolean>
  announce(project: string, left: { readonly chatId: string; readonly leftAt: string }): Promise<void>
  readonly log: Log
  now(): Date
}

/** Announces that a chat has no reader any more, unless one has come (back) within `graceMs`, here or in another process. */
export function openChatReaders(
  { isRead, announce, log, now }: ReaderParts,
  graceMs: number,
): ChatReaders & AsyncDisposable {
  const timers = new Set<NodeJS.Timeout>()
  return {
    left(chatId, project) {
      const leftAt = now().toISOString()
      const timer = setTimeout(async () => {
        timers.delete(timer)
        try {
          if (!(await isRead(chatId))) await announce(project, { chatId, leftAt })
        } catch (error) {
          log.warn({ err: error, chatId }, 'That nobody reads a chat cannot be said.')
        }
      }, graceMs)
      timers.add(timer.unref())
    },
    // Readers of a process that stops come back to another.
    async [Symbol.asyncDispose]() {
      for (const timer of timers) clearTimeout(timer)
    },
  }
}
