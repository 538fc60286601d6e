import type { Log } from '../log.ts'

const intervalMs = 60_000

/** Runs `sweep` once a minute, never twice at once, and waits for it when closed. */
export function everyMinute(sweep: () => Promise<void>, log: Log): AsyncDisposable {
  let running: Promise<void> | undefined
  const timer = setInterval(() => {
    running ??= sweep()
      .catch((error: unknown) => log.warn({ err: error }, 'Old events could not be dropped; trying again in a minute.'))
      .finally(() => {
        running = undefined
      })
  }, intervalMs)
  timer.unref()
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      await running
    },
  }
}
