import { setTimeout as wait } from 'node:timers/promises'

/** Resolves once `holds` does; fails with `what` after `withinMs`. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, withinMs = 10_000): Promise<void> {
  const end = Date.now() + withinMs
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`${what}: not within ${withinMs} ms`)
    await wait(5)
  }
}
