import { setTimeout as wait } from 'node:timers/promises'

/** Resolves once `holds` does; fails with `what` after `withinMs`, by default a little before the test itself would. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, withinMs = 50_000): Promise<void> {
  const end = Date.now() + withinMs
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`${what}: not within ${withinMs} ms`)
    await wait(5)
  }
}
